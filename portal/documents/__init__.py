"""What is printed or exchanged: PDF out, Excel out and in; given plain frozen dataclasses, never a model."""
