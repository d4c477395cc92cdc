"""Glue between rows and paper: gathers what a document needs, has it made, and logs the making."""
