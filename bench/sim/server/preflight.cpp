#include "server/preflight.hpp"

#include "support/failure.hpp"

namespace weir::sim {
namespace {

bool Holds(Connection &connection, const std::string &condition) {
  return connection.Value("SELECT " + condition) == "t";
}

}  // namespace

void CheckServer(Connection &connection) {
  constexpr int kOldest = 150000;
  if (std::stoi(connection.Value("SHOW server_version_num")) < kOldest) {
    throw Failure(Exit::kServer, "the server is too old: PostgreSQL 15 is the first that will do");
  }
  if (!Holds(connection, "EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_weir')")) {
    throw Failure(Exit::kNoExtension,
                  "{} has no pg_weir: load it with shared_preload_libraries = 'pg_weir', restart, "
                  "and run CREATE EXTENSION pg_weir",
                  connection.Where());
  }
  // Its settings exist in this session when the server loaded it.
  if (!Holds(connection, "current_setting('weir.capture', true) IS NOT NULL")) {
    throw Failure(Exit::kNoExtension,
                  "pg_weir is not loaded: set shared_preload_libraries = 'pg_weir' and restart");
  }
  if (!Holds(connection, "has_function_privilege('weir.flush()', 'EXECUTE')") ||
      !Holds(connection, "pg_has_role('pg_read_all_stats', 'USAGE')") ||
      !Holds(connection, "has_database_privilege(current_database(), 'CREATE')")) {
    throw Failure(Exit::kNoRights,
                  "role {} lacks rights: grant it CREATE on the database, EXECUTE on weir.flush() "
                  "and pg_read_all_stats",
                  connection.Value("SELECT current_user"));
  }
  if (Holds(connection, "pg_is_in_recovery()")) {
    throw Failure(Exit::kServer, "the server is a standby: nothing can be seeded there");
  }
}

}  // namespace weir::sim
