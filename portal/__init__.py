"""The skills-evaluation portal: rules, models, actions, documents and doors of one Flask application."""
