// Reads the settings, serves, and ends when told to.
#include <pistache/endpoint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

#include "service.h"
#include "settings.h"

using namespace Pistache;
using namespace std::chrono_literals;

namespace {

constexpr int backlog = 2048;
// Pistache's reactor has no more.
constexpr int most_loops = 255;
constexpr std::size_t most_request_bytes = 64 * 1024;

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Every connection is a descriptor; the usual limit of 1,024 is for programs that use select().
void allow_many_connections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void serve(const Settings& settings) {
  auto& service = *new Service(settings);
  const std::string host = settings.bind.find(':') == std::string::npos ? settings.bind : "[" + settings.bind + "]";
  Http::Endpoint endpoint(Address(host, Port(settings.port)));
  const auto threads = std::min(settings.server_cpus, most_loops);
  const auto flags = Tcp::Options::ReuseAddr | Tcp::Options::NoDelay | Tcp::Options::CloseOnExec;
  endpoint.init(Http::Endpoint::options()
                    .threads(threads)
                    .flags(flags)
                    // A request that waits for the cache's origin counts as one whose header has not come yet.
                    .headerTimeout(300s)
                    .bodyTimeout(300s)
                    .keepaliveTimeout(3600s)
                    .maxRequestSize(most_request_bytes));
  // Endpoint::init of 0.0.5 does not pass the backlog on; the listener itself takes it.
  endpoint.initArgs(static_cast<std::size_t>(threads), Flags<Tcp::Options>(flags), std::string("http"), backlog);
  endpoint.setHandler(Http::make_handler<Api>(service));
  endpoint.serveThreaded();

  const auto signals = ending_signals();
  int signal = 0;
  sigwait(&signals, &signal);
  // Requests that wait are answered. What computes for longer is cut off: a recursion cannot be told to stop.
  const auto until = std::chrono::steady_clock::now() + 3500ms;
  while (service.in_flight() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(10ms);
  _exit(0);
}

}  // namespace

int main() {
  const auto signals = ending_signals();
  // Before any thread starts, so that all of them leave these signals to serve().
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  allow_many_connections();
  try {
    serve(read_settings(process_environment));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cpp-pistache: %s\n", error.what());
    _exit(1);
  }
}
