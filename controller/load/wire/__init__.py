"""The wire engine, in three layers that know nothing of each other's insides. tests/test_layers.py holds them apart.

connection: connection.py moves bytes, secure.py the same over TLS; address.py says where to.
protocol: http1.py turns bytes into answers (answer.py reads them), http2.py does with many streams a connection:
    session.py is one connection, streams.py and stream.py its requests under way, frames.py, fields.py and blocks.py
    what stands on the wire, control.py and uploads.py what both sides grant each other, reply.py one answer.
model: closed.py sends when an answer has come, open.py when a schedule says so (arrivals.py, timer.py, open_lane.py).

Between protocol and model stand carrier.py and ask.py. deck.py and draws.py make the requests, tally.py counts,
drive.py joins all of it for one trial, and engine.py runs that in one native thread.
"""
