"""The wire engine, in three layers that know nothing of each other's insides.

A connection (connection.py) moves bytes, a protocol (http1.py, http2.py) turns them into answers,
and a load model (closed.py) says when to send next. engine.py runs them in one native thread.
"""
