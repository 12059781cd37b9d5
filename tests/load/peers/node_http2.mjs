// An HTTP/2 server on Node's http2: node node_http2.mjs REQUESTS_A_CONNECTION [CERTIFICATE]
// It prints its port, and on SIGTERM how many requests it answered on how many connections.
// /sized says its length, /streamed comes in pieces.
import http2 from "node:http2";
import { readFileSync } from "node:fs";

const most = Number(process.argv[2]);
const pem = process.argv[3] && readFileSync(process.argv[3]);
const server = pem ? http2.createSecureServer({ key: pem, cert: pem }) : http2.createServer();
const taken = new WeakMap();
let answered = 0;
let connections = 0;

server.on("session", () => (connections += 1));
server.on("stream", (stream, headers) => {
  const session = stream.session;
  answered += 1;
  taken.set(session, (taken.get(session) ?? 0) + 1);
  if (taken.get(session) === most) session.close();
  let bytes = 0;
  stream.on("data", (part) => (bytes += part.length));
  stream.on("end", () => {
    const body = `${headers[":method"]} ${bytes}`;
    if (headers[":path"] === "/sized") {
      stream.respond({ ":status": 200, "content-length": body.length });
      stream.end(body);
    } else {
      stream.respond({ ":status": 200 });
      stream.write(body.slice(0, 3));
      setImmediate(() => stream.end(body.slice(3)));
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => {
  console.log(answered, connections);
  process.exit();
});
