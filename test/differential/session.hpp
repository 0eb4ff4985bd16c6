// A connection that outlives crashes of the server, and what a statement gave.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <vector>

namespace weir::differential {

struct Outcome {
  std::string sqlstate;  // empty when it went well
  std::string message;
  std::vector<std::string> rows;  // cells separated by "|", NULL as \N
  bool is_lost = false;           // the connection broke

  bool IsError() const { return !sqlstate.empty() || is_lost; }
};

class Session {
 public:
  explicit Session(int timeout_ms);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  Outcome Run(const std::string &statement);

  // Connects anew, and waits for a server that is recovering. False when it stays away.
  bool Reconnect();
  bool IsAlive() const { return connection_ != nullptr && PQstatus(connection_) == CONNECTION_OK; }

  // Warnings since the last call: leaks are reported that way.
  std::vector<std::string> TakeWarnings();

 private:
  static void Notice(void *session, const PGresult *result);

  PGconn *connection_ = nullptr;
  std::vector<std::string> warnings_;
  int timeout_ms_;
};

}  // namespace weir::differential
