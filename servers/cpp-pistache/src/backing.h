// What the database and Redis have in common.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>

// A request waits so long for its turn, a connection or one answer of a backing service.
constexpr std::chrono::milliseconds backing_wait{900};

// A backing service is away or silent, or no connection gets free.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Whether the other side still holds an idle connection open. Asked before each use, since nothing is asked twice:
// after a restart of the service, its first request already finds a new connection.
inline bool is_open(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}
