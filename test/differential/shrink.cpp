#include "shrink.hpp"

#include <cctype>
#include <functional>
#include <regex>

namespace weir::differential {
namespace {

class Shrinker {
 public:
  Shrinker(Checker &checker, const Case &failing, const Verdict &verdict, int attempts)
      : checker_(checker), best_(failing), verdict_(verdict), attempts_(attempts) {}

  Case Run() {
    for (bool goes_on = true; goes_on && attempts_ > 0;) {
      goes_on = ShrinkQuery();
      goes_on |= ShrinkWorld();
    }
    return best_;
  }

 private:
  using Change = std::function<void(Case *)>;

  bool Fails(const Case &smaller, bool is_new_world) {
    std::string why;
    if (is_new_world && !checker_.Build(smaller.world, &why)) return false;
    const Verdict verdict = checker_.Check(smaller.query, smaller.world.is_tame);
    if (verdict.failure == Failure::kCrash) checker_.Build(smaller.world, &why);
    return verdict.failure == verdict_.failure && verdict.kind == verdict_.kind;
  }

  // True, and kept, when the changed case still fails.
  bool Try(bool is_new_world, const Change &change) {
    if (attempts_ <= 0) return false;
    Case smaller = best_;
    change(&smaller);
    --attempts_;
    if (Fails(smaller, is_new_world)) {
      best_ = smaller;
      return true;
    }
    std::string why;
    if (is_new_world) checker_.Build(best_.world, &why);
    return false;
  }

  template <class T>
  bool Thin(std::vector<T> Query::*list, std::size_t least = 0) {
    bool any = false;
    for (std::size_t i = 0; i < (best_.query.*list).size() && (best_.query.*list).size() > least;) {
      const bool removed = Try(false, [&](Case *smaller) {
        auto &items = smaller->query.*list;
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
      });
      any |= removed;
      if (!removed) ++i;
    }
    return any;
  }

  bool ShrinkQuery() {
    bool any = false;
    if (best_.query.shape != Shape::kPlain) {
      any |= Try(false, [](Case *c) {
        c->query.shape = Shape::kPlain;
        std::erase_if(c->query.where, [](const std::string &text) {
          return text.find("o.k") != std::string::npos || text.find('$') != std::string::npos;
        });
      });
    }
    any |= Thin(&Query::settings);
    if (best_.query.is_reader) any |= Try(false, [](Case *c) { c->query.is_reader = false; });
    if (best_.query.is_ordered) {
      any |= Try(false, [](Case *c) {
        c->query.is_ordered = false;
        c->query.limit = c->query.offset = -1;
      });
    }
    if (best_.query.limit >= 0)
      any |= Try(false, [](Case *c) { c->query.limit = c->query.offset = -1; });
    any |= Thin(&Query::having);
    any |= Thin(&Query::where);
    any |= Thin(&Query::aggregates);
    any |= Thin(&Query::keys, best_.query.aggregates.empty() ? 1 : 0);
    any |= Thin(&Query::fetches, 1);
    any |= Thin(&Query::executions, 1);
    return any | SimplifyFrom();
  }

  bool SimplifyFrom() {
    for (const Table &table : best_.world.tables) {
      if (best_.query.from == table.name) return false;
    }
    for (const Table &table : best_.world.tables) {
      if (Try(false, [&](Case *c) {
            c->query.from = table.name;
            c->query.with = "";
          })) {
        return true;
      }
    }
    return false;
  }

  bool IsUsed(const std::string &name) const {
    const Script script = Render(best_.query);
    return std::regex_search(script.explained, std::regex("\\b" + name + "\\b"));
  }

  bool IsTableUsed(const Table &table) const {
    return IsUsed(table.name) || IsUsed(ViewOf(table)) || IsUsed(BarrierOf(table));
  }

  bool ShrinkWorld() {
    bool any = false;
    for (std::size_t t = 0; t < best_.world.tables.size();) {
      const bool removed = !IsTableUsed(best_.world.tables[t]) && Try(true, [&](Case *c) {
        c->world.tables.erase(c->world.tables.begin() + static_cast<std::ptrdiff_t>(t));
      });
      any |= removed;
      if (!removed) ++t;
    }
    for (std::size_t t = 0; t < best_.world.tables.size(); ++t) {
      any |= ShrinkRows(t);
      any |= ShrinkHistory(t);
      any |= ShrinkColumns(t);
      any |= PickRows(t);
    }
    return any;
  }

  Table &At(Case *smaller, std::size_t t) { return smaller->world.tables[t]; }

  bool ShrinkRows(std::size_t t) {
    bool any = false;
    for (int divisor : {10, 2, 2, 2, 2, 2}) {
      const int rows = best_.world.tables[t].last - best_.world.tables[t].first + 1;
      if (rows < 2) break;
      const int less = std::max(rows / divisor, 1);
      const bool from_above =
          Try(true, [&](Case *c) { At(c, t).last = At(c, t).first + less - 1; });
      any |= from_above || Try(true, [&](Case *c) { At(c, t).first = At(c, t).last - less + 1; });
    }
    return any;
  }

  // Leaves out rows one by one, once there are few.
  bool PickRows(std::size_t t) {
    const Table &table = best_.world.tables[t];
    if (table.last - table.first >= 40 || table.last < table.first) return false;
    if (table.only.empty()) {
      best_.world.tables[t].only.clear();
      for (int i = table.first; i <= table.last; ++i) best_.world.tables[t].only.push_back(i);
    }
    bool any = false;
    for (std::size_t i = 0;
         i < best_.world.tables[t].only.size() && best_.world.tables[t].only.size() > 1;) {
      const bool removed = Try(true, [&](Case *c) {
        At(c, t).only.erase(At(c, t).only.begin() + static_cast<std::ptrdiff_t>(i));
      });
      any |= removed;
      if (!removed) ++i;
    }
    return any;
  }

  bool ShrinkHistory(std::size_t t) {
    const Table table = best_.world.tables[t];
    bool any = false;
    if (table.storage != Storage::kPlain)
      any |= Try(true, [&](Case *c) { At(c, t).storage = Storage::kPlain; });
    if (table.late_column >= 0) any |= Try(true, [&](Case *c) { At(c, t).late_column = -1; });
    if (table.dropped_columns > 0) any |= Try(true, [&](Case *c) { At(c, t).dropped_columns = 0; });
    if (table.delete_every > 0) any |= Try(true, [&](Case *c) { At(c, t).delete_every = 0; });
    if (table.update_every > 0) any |= Try(true, [&](Case *c) { At(c, t).update_every = 0; });
    if (table.has_aborted_rows)
      any |= Try(true, [&](Case *c) { At(c, t).has_aborted_rows = false; });
    if (table.is_vacuumed) any |= Try(true, [&](Case *c) { At(c, t).is_vacuumed = false; });
    if (table.touch_every > 0) any |= Try(true, [&](Case *c) { At(c, t).touch_every = 0; });
    if (table.is_analyzed) any |= Try(true, [&](Case *c) { At(c, t).is_analyzed = false; });
    if (table.has_index) any |= Try(true, [&](Case *c) { At(c, t).has_index = false; });
    if (!table.policy.empty()) any |= Try(true, [&](Case *c) { At(c, t).policy = ""; });
    return any;
  }

  bool ShrinkColumns(std::size_t t) {
    bool any = false;
    for (std::size_t i = 0; i < best_.world.tables[t].columns.size();) {
      const Table &table = best_.world.tables[t];
      const bool is_policy = table.policy.find(table.columns[i].name) != std::string::npos;
      const bool removed = !is_policy && !IsUsed(table.columns[i].name) && Try(true, [&](Case *c) {
        Table &changed = At(c, t);
        changed.columns.erase(changed.columns.begin() + static_cast<std::ptrdiff_t>(i));
        if (changed.late_column == static_cast<int>(i)) changed.late_column = -1;
        if (changed.late_column > static_cast<int>(i)) --changed.late_column;
      });
      any |= removed;
      if (!removed) ++i;
    }
    return any;
  }

  Checker &checker_;
  Case best_;
  Verdict verdict_;
  int attempts_;
};

std::string Commented(const std::string &text) {
  return "-- " + std::regex_replace(text, std::regex("\n(?=.)"), "\n-- ");
}

}  // namespace

Case Shrink(Checker &checker, const Case &failing, const Verdict &verdict, int attempts) {
  return Shrinker(checker, failing, verdict, attempts).Run();
}

std::string ScriptOf(const Case &shown, const Verdict &verdict) {
  std::string text = Cat("-- ", NameOf(verdict.failure), " (", verdict.kind, ")\n",
                         Commented(verdict.detail), "\n\n");
  text += "CREATE EXTENSION IF NOT EXISTS pg_weir;\n";
  for (const std::string &statement : Statements(shown.world)) text += statement + ";\n";
  text +=
      "\nSET jit = off; SET extra_float_digits = 3; SET enable_sort = off; SET enable_mergejoin = "
      "off;\n";
  for (const std::string &command : SettingCommands(shown.query)) text += command + ";\n";
  const Script script = Render(shown.query);
  for (const std::string &mode : {std::string("off"), verdict.mode}) {
    text += Cat("\nSET weir.stream = ", mode, ";\n");
    for (const std::string &statement : script.open) text += statement + ";\n";
    for (const std::string &statement : script.run) text += statement + ";\n";
    for (const std::string &statement : script.close) text += statement + ";\n";
  }
  return text;
}

std::string SignatureOf(const Case &shown, const Verdict &verdict) {
  std::string text = Join(Render(shown.query).run, ";");
  text = std::regex_replace(text, std::regex("'[^']*'"), "'x'");
  text = std::regex_replace(text, std::regex("\\b[abc]_?[a-z0-9]*\\b"), "c");
  text = std::regex_replace(text, std::regex("[0-9]+"), "0");
  return Cat(NameOf(verdict.failure), " ", verdict.kind, " ", text);
}

}  // namespace weir::differential
