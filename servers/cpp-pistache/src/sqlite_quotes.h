// Quotes from SQLite, read on the event loops: a look-up in a file that lies in memory takes microseconds, less than
// handing it to another thread.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "quote.h"

class SqliteQuotes {
 public:
  // Opens all connections and looks whether there are quotes. Throws WrongSetting.
  SqliteQuotes(const std::string& path, int connections);

  // Reads rows, each by a query of its own. There is a connection for each event loop at least: none waits for one.
  std::vector<Quote> read(const std::vector<int>& ids);

 private:
  struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Connection {
    std::unique_ptr<sqlite3, Closer> database;
    std::unique_ptr<sqlite3_stmt, Closer> statement;
  };

  static Connection opened(const std::string& path);
  static Quote row(sqlite3_stmt* statement, int id);

  std::mutex lock_;
  std::vector<Connection> free_;
};
