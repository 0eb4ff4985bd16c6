// Continuous queries at work beside the load, on servers whose extension has them.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "server/connection.hpp"

namespace weir::sim {

class ContinuousQueries {
 public:
  // Creates them; does nothing where the extension has none. One that is refused is reported as
  // such.
  explicit ContinuousQueries(Connection &connection);
  ~ContinuousQueries();  // drops them
  ContinuousQueries(const ContinuousQueries &) = delete;
  ContinuousQueries &operator=(const ContinuousQueries &) = delete;

  // What each has now, whether that equals its query run over all rows, or why it could not be
  // made. Null where the extension has none.
  nlohmann::ordered_json Read();

 private:
  struct Query {
    std::string name;  // the view, qualified
    std::string text;
    std::string title;
    std::string order;
    std::string error = {};
    bool is_created = false;
  };
  void Create(Query &query);
  nlohmann::ordered_json ReadOne(const Query &query);

  Connection &connection_;
  std::vector<Query> queries_;
};

}  // namespace weir::sim
