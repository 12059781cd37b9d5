"""The room that turns findings into what people and programs read; a format is a function and a line here."""
