#include "sqlite_quotes.h"

#include <stdexcept>

#include "settings.h"

SqliteQuotes::SqliteQuotes(const std::string& path, int connections) {
  const auto refuse = [&](const std::string& found) {
    throw WrongSetting("SQLITE_PATH: expected a database with a table quotes, found '" + path + "': " + found);
  };
  try {
    for (int i = 0; i < connections; ++i) free_.push_back(opened(path));
    read({1});
  } catch (const WrongSetting&) {
    throw;
  } catch (const std::runtime_error& error) {
    refuse(error.what());
  }
}

std::vector<Quote> SqliteQuotes::read(const std::vector<int>& ids) {
  Connection lent;
  {
    std::lock_guard guard(lock_);
    lent = std::move(free_.back());
    free_.pop_back();
  }
  struct Return {
    SqliteQuotes& pool;
    Connection& lent;
    ~Return() {
      std::lock_guard guard(pool.lock_);
      pool.free_.push_back(std::move(lent));
    }
  } give_back{*this, lent};
  std::vector<Quote> rows;
  rows.reserve(ids.size());
  for (int id : ids) rows.push_back(row(lent.statement.get(), id));
  return rows;
}

SqliteQuotes::Connection SqliteQuotes::opened(const std::string& path) {
  Connection connection;
  sqlite3* database = nullptr;
  // Lent to one thread at a time, so SQLite's own locks are not needed.
  const int status = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  connection.database.reset(database);
  if (status != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database));
  if (sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database, quote_query, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
  connection.statement.reset(statement);
  return connection;
}

Quote SqliteQuotes::row(sqlite3_stmt* statement, int id) {
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() { sqlite3_reset(statement); }
  } reset{statement};
  sqlite3_bind_int(statement, 1, id);
  if (const int status = sqlite3_step(statement); status != SQLITE_ROW) {
    throw std::runtime_error(status == SQLITE_DONE ? "no quote " + std::to_string(id)
                                                   : sqlite3_errmsg(sqlite3_db_handle(statement)));
  }
  const auto text = [&](int column) {
    return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                       static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
  };
  return {sqlite3_column_int(statement, 0), text(1), text(2)};
}
