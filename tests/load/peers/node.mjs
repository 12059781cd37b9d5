// Node's http and https, for the tests: answers of every framing, and a count of the requests of each connection.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

const [certificate, most] = process.argv.slice(2);
const pem = readFileSync(certificate);
const big = Buffer.alloc(100_000, "0123456789");
const counts = [];

const answers = {
  "/length": (answer) => answer.end("hello"),
  "/chunks": (answer) => {
    answer.write("hel");
    answer.end("lo");
  },
  "/big": (answer) => answer.end(big),
  "/big-chunks": (answer) => {
    for (let at = 0; at < big.length; at += 7_000) answer.write(big.subarray(at, at + 7_000));
    answer.end();
  },
  "/trailers": (answer) => {
    answer.writeHead(200, { Trailer: "X-Sum" });
    answer.write("hello");
    answer.addTrailers({ "X-Sum": "5" });
    answer.end();
  },
  "/empty": (answer) => answer.writeHead(204).end(),
  "/unchanged": (answer) => answer.writeHead(304).end(),
};

function answer(request, response) {
  counts[request.socket.number] += 1;
  answers[request.url](response);
}

function accepted(socket) {
  socket.number = counts.push(0) - 1;
}

async function listening(server, accepts) {
  server.on(accepts, accepted);
  server.maxRequestsPerSocket = Number(most);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server.address().port;
}

const ports = {
  http: await listening(http.createServer(answer), "connection"),
  https: await listening(https.createServer({ key: pem, cert: pem }, answer), "secureConnection"),
};
console.log(JSON.stringify(ports));
createInterface({ input: process.stdin }).on("line", () => console.log(JSON.stringify(counts)));
