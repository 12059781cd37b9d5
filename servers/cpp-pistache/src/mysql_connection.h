// One connection to MariaDB or MySQL, made when it is first needed and anew when it was lost.
#pragma once

#include <mysql.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "quote.h"
#include "settings.h"

class MysqlConnection {
 public:
  explicit MysqlConnection(const ServiceUrl& url) : url_(url) {}

  // Reads rows, each by a query of its own. Throws Unavailable when the database is away or silent.
  std::vector<Quote> read(const std::vector<int>& ids);

 private:
  struct Closer {
    void operator()(MYSQL* mysql) const { mysql_close(mysql); }
    void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
  };

  void connect();
  Quote row(int id);
  void complete(int status, const std::function<int(int)>& go_on);
  [[noreturn]] void fail() const;

  const ServiceUrl url_;
  std::unique_ptr<MYSQL, Closer> mysql_;
  std::unique_ptr<MYSQL_STMT, Closer> statement_;
  int asked_ = 0, id_ = 0;
  std::array<char, 4096> author_;
  std::array<char, 65536> content_;
  unsigned long author_bytes_ = 0, content_bytes_ = 0;
};
