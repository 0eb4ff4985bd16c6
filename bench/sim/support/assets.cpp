#include "support/assets.hpp"

#include <stdexcept>

#include "support/asset_list.hpp"

namespace weir::sim {

std::string_view Asset(const std::string &name) {
  for (const AssetFile &file : AssetList()) {
    if (file.name == name) return file.content;
  }
  throw std::logic_error("no such file in the program: " + name);
}

}  // namespace weir::sim
