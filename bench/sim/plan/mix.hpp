// What is asked for, in which proportion.
#pragma once

#include <string>
#include <vector>

namespace weir::sim {

struct Operation {
  std::string name;  // of the file in bench/crm/queries
  int weight = 0;
};

// `write_share` of all operations are writes, half of them new interactions, half changed contacts.
std::vector<Operation> FindMix(const std::string &name, double write_share);

// The operation as a pgbench script: whom it works for, and the query.
std::string ScriptOf(const std::string &operation);

// Fifty operations drawn by their weights in one script, for a connection that serves fifty.
std::string BatchScript(const std::vector<Operation> &mix, int operations);

}  // namespace weir::sim
