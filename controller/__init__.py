"""FastServe: which web stack, with which tuning, is faster for this work, by how much, and how sure is that?"""

__version__ = "0.1.0"
