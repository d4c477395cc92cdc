"""The doors: what is shown and typed, one package per role; doors never import each other."""
