#include "reply.h"

#include <pistache/peer.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

using namespace Pistache;

struct Reply::State {
  Http::ResponseWriter writer;
  InFlight& in_flight;
  Route route;
  Metrics* metrics;
  std::chrono::steady_clock::time_point began{};
  bool head = false, close = false;

  State(Http::ResponseWriter&& given, InFlight& counter, Route asked, Metrics* counted)
      : writer(std::move(given)), in_flight(counter), route(asked), metrics(counted) {
    if (metrics) began = std::chrono::steady_clock::now();
    ++in_flight;
  }

  // Reached when the answer is written, or cannot be since the client has gone.
  ~State() { --in_flight; }
};

Reply::Reply(const Http::Request& request, Http::ResponseWriter writer, Route route, Metrics* metrics,
             InFlight& in_flight)
    : state_(std::make_shared<State>(std::move(writer), in_flight, route, metrics)) {
  state_->head = request.method() == Http::Method::Head;
  // Pistache answers "Connection: Close" to whoever does not ask for keep-alive, and closes nothing. HTTP/1.1 keeps a
  // connection unless told otherwise, and HTTP/1.0 closes it.
  const auto asked = request.headers().tryGet<Http::Header::Connection>();
  const bool newer = request.version() == Http::Version::Http11;
  state_->close = asked ? asked->control() == Http::ConnectionControl::Close : !newer;
  if (!asked && newer) state_->writer.headers().remove<Http::Header::Connection>();
}

void Reply::text(std::string_view body) const { send(Http::Code::Ok, body, MIME(Text, Plain)); }

void Reply::metrics(const std::string& body) const {
  send(Http::Code::Ok, body, Http::Mime::MediaType::fromString("text/plain; version=0.0.4; charset=utf-8"));
}

void Reply::json(Http::Code code, const std::string& body) const { send(code, body, MIME(Application, Json)); }

void Reply::error(Http::Code code, const std::string& reason) const {
  if (code == Http::Code::Method_Not_Allowed) state_->writer.headers().add<Http::Header::Allow>(Http::Method::Get);
  // A driver's message may be in any encoding.
  constexpr auto replace = nlohmann::json::error_handler_t::replace;
  json(code, nlohmann::json{{"error", reason}}.dump(-1, ' ', false, replace));
}

void Reply::send(Http::Code code, std::string_view body, const Http::Mime::MediaType& type) const {
  auto state = state_;
  if (state->metrics) {
    state->metrics->answered(state->route, static_cast<int>(code), std::chrono::steady_clock::now() - state->began);
  }
  // Pistache would send a body after HEAD too, and the client would take it for the next answer.
  if (state->head) body = {};
  state->writer.send(code, body.data(), body.size(), type)
      .then(
          [state](ssize_t) {
            if (!state->close) return;
            if (auto peer = state->writer.getPeer()) ::shutdown(peer->fd(), SHUT_RDWR);
          },
          // The client has gone: there is nobody to tell.
          [state](const std::exception_ptr&) {});
}
