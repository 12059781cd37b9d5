"""The room that builds targets, starts them on cores of their own, checks them and ends them, whatever happens."""
