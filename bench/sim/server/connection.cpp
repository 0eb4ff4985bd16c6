#include "server/connection.hpp"

#include <poll.h>

#include <cstring>
#include <string_view>

#include "support/failure.hpp"

namespace weir::sim {
namespace {

std::string FirstLine(std::string text) {
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

Exit CodeFor(std::string_view sqlstate) {
  if (sqlstate == "42501") return Exit::kNoRights;
  if (sqlstate == "57014") return Exit::kInterrupted;
  return Exit::kServer;
}

}  // namespace

Connection::Connection(const std::string &application) {
  const char *const keywords[] = {"application_name", nullptr};
  const char *const values[] = {application.c_str(), nullptr};
  connection_ = PQconnectdbParams(keywords, values, 0);
  if (connection_ == nullptr || PQstatus(connection_) != CONNECTION_OK) {
    const std::string reason =
        connection_ == nullptr ? "out of memory" : PQerrorMessage(connection_);
    PQfinish(connection_);
    throw Failure(Exit::kUnreachable, "no connection: {}", FirstLine(reason));
  }
  PQsetNoticeProcessor(
      connection_, [](void *, const char *) {}, nullptr);
}

Connection::~Connection() { PQfinish(connection_); }

std::vector<Row> Connection::RowsOf(PGresult *result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string reason = message != nullptr ? message : PQerrorMessage(connection_);
    const Exit code = CodeFor(sqlstate != nullptr ? sqlstate : "");
    PQclear(result);
    throw Failure(code, "the server refused: {}", FirstLine(reason));
  }
  std::vector<Row> rows;
  for (int i = 0; i < PQntuples(result); ++i) {
    Row row;
    for (int j = 0; j < PQnfields(result); ++j) {
      if (PQgetisnull(result, i, j) != 0) {
        row.emplace_back(std::nullopt);
      } else {
        row.emplace_back(PQgetvalue(result, i, j));
      }
    }
    rows.push_back(std::move(row));
  }
  PQclear(result);
  return rows;
}

std::vector<Row> Connection::Run(const std::string &statements) {
  return RowsOf(PQexec(connection_, statements.c_str()));
}

std::vector<Row> Connection::Query(const std::string &statement,
                                   const std::vector<std::string> &parameters) {
  std::vector<const char *> values;
  for (const std::string &parameter : parameters) values.push_back(parameter.c_str());
  return RowsOf(PQexecParams(connection_, statement.c_str(), static_cast<int>(values.size()),
                             nullptr, values.data(), nullptr, nullptr, 0));
}

std::string Connection::Value(const std::string &statement,
                              const std::vector<std::string> &parameters) {
  const std::vector<Row> rows = Query(statement, parameters);
  return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

void Connection::Start(const std::string &statements) {
  if (PQsendQuery(connection_, statements.c_str()) == 0) {
    throw Failure(Exit::kServer, "the connection broke: {}",
                  FirstLine(PQerrorMessage(connection_)));
  }
}

bool Connection::Poll(int wait_ms) {
  if (PQisBusy(connection_) != 0) {
    pollfd descriptor = {PQsocket(connection_), POLLIN, 0};
    poll(&descriptor, 1, wait_ms);
    if (PQconsumeInput(connection_) == 0) {
      throw Failure(Exit::kServer, "the connection broke: {}",
                    FirstLine(PQerrorMessage(connection_)));
    }
  }
  while (PQisBusy(connection_) == 0) {
    PGresult *result = PQgetResult(connection_);
    if (result == nullptr) return true;
    RowsOf(result);
  }
  return false;
}

void Connection::Cancel() {
  PGcancel *cancel = PQgetCancel(connection_);
  if (cancel == nullptr) return;
  char reason[256];
  PQcancel(cancel, reason, sizeof(reason));
  PQfreeCancel(cancel);
}

bool Connection::IsLocal() const {
  const char *host = PQhost(connection_);
  return host == nullptr || *host == '\0' || *host == '/';
}

std::string Connection::Where() const {
  return fmt::format("database {} on {}, port {}", PQdb(connection_), PQhost(connection_),
                     PQport(connection_));
}

}  // namespace weir::sim
