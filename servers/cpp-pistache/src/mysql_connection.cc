#include "mysql_connection.h"

#include <poll.h>

#include <cstring>
#include <stdexcept>

#include "backing.h"

// libmariadb's timeouts are whole seconds, more than a request may wait. So its calls are begun and gone on with when
// the socket is ready, which lets this thread wait as long as it wants.
void MysqlConnection::complete(int status, const std::function<int(int)>& go_on) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + backing_wait;
  while (status) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    short events = 0;
    if (status & MYSQL_WAIT_READ) events |= POLLIN;
    if (status & MYSQL_WAIT_WRITE) events |= POLLOUT;
    if (status & MYSQL_WAIT_EXCEPT) events |= POLLPRI;
    pollfd socket{mysql_get_socket(mysql_.get()), events, 0};
    if (left <= 0 || ::poll(&socket, 1, static_cast<int>(left)) <= 0) {
      status = go_on(MYSQL_WAIT_TIMEOUT);
      if (status) throw Unavailable("database: no answer in time");
      return;
    }
    int ready = 0;
    if (socket.revents & (POLLIN | POLLHUP | POLLERR)) ready |= MYSQL_WAIT_READ;
    if (socket.revents & POLLOUT) ready |= MYSQL_WAIT_WRITE;
    if (socket.revents & POLLPRI) ready |= MYSQL_WAIT_EXCEPT;
    status = go_on(ready);
  }
}

void MysqlConnection::fail() const {
  throw Unavailable(std::string("database: ") + (statement_ ? mysql_stmt_error(statement_.get()) : mysql_error(mysql_.get())));
}

void MysqlConnection::connect() {
  statement_.reset();
  mysql_.reset(mysql_init(nullptr));
  mysql_options(mysql_.get(), MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(mysql_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  MYSQL* connected = nullptr;
  complete(mysql_real_connect_start(&connected, mysql_.get(), url_.host.c_str(), url_.user.c_str(),
                                    url_.password.c_str(), url_.path.c_str(), url_.port, nullptr, 0),
           [&](int ready) { return mysql_real_connect_cont(&connected, mysql_.get(), ready); });
  if (!connected) fail();

  statement_.reset(mysql_stmt_init(mysql_.get()));
  int failed = 0;
  complete(mysql_stmt_prepare_start(&failed, statement_.get(), quote_query, sizeof quote_query - 1),
           [&](int ready) { return mysql_stmt_prepare_cont(&failed, statement_.get(), ready); });
  if (failed) fail();

  MYSQL_BIND question{};
  question.buffer_type = MYSQL_TYPE_LONG;
  question.buffer = &asked_;
  MYSQL_BIND answer[3]{};
  answer[0].buffer_type = MYSQL_TYPE_LONG;
  answer[0].buffer = &id_;
  answer[1].buffer_type = answer[2].buffer_type = MYSQL_TYPE_STRING;
  answer[1].buffer = author_.data();
  answer[1].buffer_length = author_.size();
  answer[1].length = &author_bytes_;
  answer[2].buffer = content_.data();
  answer[2].buffer_length = content_.size();
  answer[2].length = &content_bytes_;
  if (mysql_stmt_bind_param(statement_.get(), &question) || mysql_stmt_bind_result(statement_.get(), answer)) fail();
}

std::vector<Quote> MysqlConnection::read(const std::vector<int>& ids) {
  try {
    if (!statement_ || !is_open(static_cast<int>(mysql_get_socket(mysql_.get())))) connect();
    std::vector<Quote> rows;
    rows.reserve(ids.size());
    for (int id : ids) rows.push_back(row(id));
    return rows;
  } catch (...) {
    // Whatever is still on its way on this connection is nobody's answer.
    statement_.reset();
    mysql_.reset();
    throw;
  }
}

Quote MysqlConnection::row(int id) {
  auto* statement = statement_.get();
  asked_ = id;
  int failed = 0;
  complete(mysql_stmt_execute_start(&failed, statement),
           [&](int ready) { return mysql_stmt_execute_cont(&failed, statement, ready); });
  if (failed) fail();
  complete(mysql_stmt_store_result_start(&failed, statement),
           [&](int ready) { return mysql_stmt_store_result_cont(&failed, statement, ready); });
  if (failed) fail();
  // The row is here: from now on nothing waits.
  const int fetched = mysql_stmt_fetch(statement);
  if (fetched == MYSQL_NO_DATA) throw std::runtime_error("no quote " + std::to_string(id));
  if (fetched != 0) fail();
  Quote quote{id_, {author_.data(), author_bytes_}, {content_.data(), content_bytes_}};
  mysql_stmt_free_result(statement);
  return quote;
}
