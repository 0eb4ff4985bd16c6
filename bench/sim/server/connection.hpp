// A connection to the server under test.
#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

using Row = std::vector<std::optional<std::string>>;

class Connection {
 public:
  // As the PG* variables say. `application` is what the server shows it as.
  explicit Connection(const std::string &application);
  ~Connection();
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  // One or several statements without parameters; the rows of the last.
  std::vector<Row> Run(const std::string &statements);

  // One statement with parameters, which travel as text.
  std::vector<Row> Query(const std::string &statement, const std::vector<std::string> &parameters);

  // The first column of the first row; empty for NULL or no row.
  std::string Value(const std::string &statement, const std::vector<std::string> &parameters = {});

  // For statements that take long: starts one; Poll() waits and says whether it is done.
  void Start(const std::string &statements);
  bool Poll(int wait_ms);
  void Cancel();

  int BackendPid() const { return PQbackendPID(connection_); }
  bool IsLocal() const;
  std::string Where() const;  // "database crm on /tmp/run, port 5433"

 private:
  std::vector<Row> RowsOf(PGresult *result);

  PGconn *connection_ = nullptr;
};

}  // namespace weir::sim
