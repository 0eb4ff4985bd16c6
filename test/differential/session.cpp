#include "session.hpp"

#include <chrono>
#include <cstring>
#include <thread>

#include "random.hpp"

namespace weir::differential {
namespace {

constexpr int kSecondsToRecover = 60;

std::string RowText(const PGresult *result, int row) {
  std::string text;
  for (int i = 0; i < PQnfields(result); ++i) {
    if (i > 0) text += '|';
    text += PQgetisnull(result, row, i) != 0 ? "\\N" : PQgetvalue(result, row, i);
  }
  return text;
}

}  // namespace

Session::Session(int timeout_ms) : timeout_ms_(timeout_ms) { Reconnect(); }

Session::~Session() { PQfinish(connection_); }

void Session::Notice(void *session, const PGresult *result) {
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr || std::strcmp(severity, "WARNING") != 0) return;
  static_cast<Session *>(session)->warnings_.push_back(
      PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

bool Session::Reconnect() {
  PQfinish(connection_);
  for (int i = 0; i < 10 * kSecondsToRecover; ++i) {
    connection_ = PQconnectdb("");
    if (PQstatus(connection_) == CONNECTION_OK) break;
    PQfinish(connection_);
    connection_ = nullptr;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  if (connection_ == nullptr) return false;
  PQsetNoticeReceiver(connection_, Notice, this);
  Run(Cat("SET statement_timeout = ", timeout_ms_));
  Run("SET client_min_messages = warning");
  return IsAlive();
}

Outcome Session::Run(const std::string &statement) {
  Outcome outcome;
  if (!IsAlive()) {
    outcome.is_lost = true;
    return outcome;
  }
  PGresult *result = PQexec(connection_, statement.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK) {
    for (int i = 0; i < PQntuples(result); ++i) outcome.rows.push_back(RowText(result, i));
  } else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    outcome.sqlstate = code != nullptr ? code : "-----";
    outcome.message = PQresultErrorMessage(result);
  }
  PQclear(result);
  outcome.is_lost = PQstatus(connection_) != CONNECTION_OK;
  return outcome;
}

std::vector<std::string> Session::TakeWarnings() {
  std::vector<std::string> taken;
  taken.swap(warnings_);
  return taken;
}

}  // namespace weir::differential
