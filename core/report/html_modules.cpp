// HTML: time by module, by operator, and by ranges outside the convention.
#include <algorithm>

#include "core/report/charts/charts.hpp"
#include "core/report/html_sections.hpp"
#include "core/report/units.hpp"
#include "core/report/wording.hpp"

namespace foldperf::report {
namespace {

using analysis::Pass;
using analysis::RunAnalysis;

constexpr std::size_t bars_shown = 18;

double as_double(std::int64_t value) { return static_cast<double>(value); }

// The tree for the picture: nodes without time are left out, chains of single children without time of their own
// become one ("evoformer.blocks.*").
void add_tree_nodes(const RunAnalysis& run, std::size_t from, std::size_t to, std::vector<IcicleNode>& nodes) {
  const auto& tree = run.modules.tree;
  for (std::size_t child : tree[from].children) {
    std::string label = tree[child].name;
    while (tree[child].children.size() == 1 &&
           tree[tree[child].children.front()].subtree_self_ns == tree[child].subtree_self_ns) {
      child = tree[child].children.front();
      label += "." + tree[child].name;
    }
    if (tree[child].subtree_self_ns <= 0) continue;
    const std::size_t added = nodes.size();
    nodes.emplace_back();
    nodes[to].children.push_back(added);
    const auto& passes = tree[child].passes;
    nodes[added].label = label;
    nodes[added].value = as_double(tree[child].subtree_self_ns);
    nodes[added].tooltip = tree[child].path + ": " + format_duration(nodes[added].value) + ", " +
                           format_percent(share(nodes[added].value, as_double(tree[0].subtree_self_ns))) +
                           " of all modules; own time forward " + format_duration(as_double(passes[0].self_ns)) +
                           ", backward " + format_duration(as_double(passes[1].self_ns));
    add_tree_nodes(run, child, added, nodes);
  }
}

void add_module_pictures(HtmlPage& page, const RunAnalysis& run) {
  if (run.modules.tree[0].subtree_self_ns > 0) {
    std::vector<IcicleNode> nodes(1);
    nodes[0].label = "all modules";
    nodes[0].value = as_double(run.modules.tree[0].subtree_self_ns);
    nodes[0].tooltip = "all modules: " + format_duration(nodes[0].value);
    add_tree_nodes(run, 0, 0, nodes);
    page.figure_markup("Modules by time in training (forward, backward, recomputation); repeated blocks folded", {},
                       icicle_chart("Modules by time in training", nodes));
    if (run.modules.tree_cut) page.note(module_tree_cut);
  }
  std::vector<Bar> bars;
  bool recompute = false;
  for (const analysis::ModuleTime& module : run.modules.folded) {
    if (bars.size() == bars_shown || module.training().self_ns <= 0) break;
    Bar& bar = bars.emplace_back();
    bar.label = module.path;
    bar.value_label = format_duration(as_double(module.training().self_ns));
    for (const auto& [pass, color] :
         {std::pair{Pass::forward, "c1"}, {Pass::recompute, "c4"}, {Pass::backward, "c7"}}) {
      const auto self = as_double(module.pass(pass).self_ns);
      recompute = recompute || (pass == Pass::recompute && self > 0);
      bar.parts.push_back(
          {self, color,
           module.path + ", " + analysis::pass_names[static_cast<std::size_t>(pass)] + ": " + format_duration(self)});
    }
  }
  if (bars.empty()) return;
  std::vector<LegendEntry> legend{{"forward", "c1"}};
  if (recompute) legend.push_back({"recomputed forward", "c4"});
  legend.push_back({"backward", "c7"});
  page.figure_markup("Modules by self time", legend,
                     bar_chart("Modules by self time", bars, "self time", format_tick_duration));
}

HtmlTable module_table(const RunAnalysis& run, const std::vector<analysis::ModuleTime>& modules, bool folded) {
  std::vector<HtmlTable::Column> columns{{"module", false, {}}};
  if (folded) columns.push_back({"blocks", true, "modules folded into this row"});
  columns.insert(columns.end(), {{"fwd calls", true, {}},
                                 {"fwd total", true, "forward, with the modules inside"},
                                 {"fwd self", true, "forward, without the modules inside"},
                                 {"bwd total", true, "backward, with the modules inside"},
                                 {"bwd self", true, "backward, without the modules inside"}});
  const auto has = [&](Pass pass) { return run.modules.self_ns[static_cast<std::size_t>(pass)] > 0; };
  if (has(Pass::recompute))
    columns.push_back({"recomputed", true, "forward run again in the backward pass, self time"});
  if (has(Pass::evaluation)) columns.push_back({"evaluation", true, "in evaluation, self time"});
  if (run.steps.total_ns > 0) columns.push_back({"of step", true, "self time in training as a part of all steps"});
  HtmlTable table(columns);
  for (const analysis::ModuleTime& module : modules) {
    std::vector<HtmlTable::Cell> cells{module.path};
    if (folded) cells.push_back(count_cell(static_cast<std::int64_t>(module.members)));
    cells.push_back(count_cell(module.pass(Pass::forward).count));
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      cells.push_back(duration_cell(as_double(module.pass(pass).total_ns)));
      cells.push_back(duration_cell(as_double(module.pass(pass).self_ns)));
    }
    for (const Pass pass : {Pass::recompute, Pass::evaluation}) {
      if (has(pass)) cells.push_back(duration_cell(as_double(module.pass(pass).self_ns)));
    }
    if (run.steps.total_ns > 0) {
      cells.push_back(share_cell(share(as_double(module.training().self_ns), as_double(run.steps.total_ns))));
    }
    table.add_row(std::move(cells));
  }
  return table;
}

void add_call_nodes(const analysis::CallTree& tree, std::size_t from, std::vector<IcicleNode>& nodes) {
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const analysis::CallNode& node = tree.nodes[i];
    IcicleNode& added = nodes.emplace_back();
    added.label = i == from ? "all ranges" : node.name.empty() ? "(no name)" : node.name;
    added.value = as_double(node.total_ns);
    added.children = node.children;
    added.tooltip = added.label + ": " + format_duration(added.value) + ", self " +
                    format_duration(as_double(node.self_ns)) +
                    (i == from ? "" : ", " + format_count(node.count) + " times");
  }
}

}  // namespace

void add_module_section(HtmlPage& page, const RunAnalysis& run) {
  page.open_section("modules", "Modules");
  if (run.modules.modules.empty()) {
    page.paragraph(no_modules);
  } else {
    add_module_pictures(page, run);
    page.subheading("Repeated blocks folded");
    page.table(module_table(run, run.modules.folded, true));
    if (run.modules.folded.size() != run.modules.modules.size()) {
      page.subheading("Every module");
      page.table(module_table(run, run.modules.modules, false));
    }
  }
  page.close_section();
}

void add_operator_section(HtmlPage& page, const RunAnalysis& run) {
  page.open_section("operators", "Operators");
  if (run.operators.operators.empty()) {
    page.paragraph(no_operators);
    return page.close_section();
  }
  std::vector<Bar> bars;
  bool background = false;
  for (const analysis::OperatorTime& op : run.operators.operators) {
    if (bars.size() == bars_shown) break;
    background = background || op.background_ns > 0;
    bars.push_back(
        {op.name,
         {{as_double(op.forward_ns), "c1", op.name + ", forward: " + format_duration(as_double(op.forward_ns))},
          {as_double(op.backward_ns), "c7", op.name + ", backward: " + format_duration(as_double(op.backward_ns))},
          {as_double(op.other_ns), "c3", op.name + ", elsewhere: " + format_duration(as_double(op.other_ns))},
          {as_double(op.background_ns), "c0",
           op.name + ", other threads: " + format_duration(as_double(op.background_ns))}},
         format_duration(as_double(op.self_ns))});
  }
  std::vector<LegendEntry> legend{{"forward and loss", "c1"}, {"backward", "c7"}, {"optimiser and elsewhere", "c3"}};
  if (background) legend.push_back({"other threads", "c0"});
  page.figure_markup("Operators on the host by self time", legend,
                     bar_chart("Operators by self time", bars, "self time", format_tick_duration));
  HtmlTable table({{"operator", false, {}},
                   {"calls", true, {}},
                   {"total", true, "with the operators inside"},
                   {"self", true, "without the operators inside"},
                   {"forward", true, "self time in forward and loss"},
                   {"backward", true, "self time in backward"},
                   {"elsewhere", true, "self time in other phases"},
                   {"other threads", true, "self time beside the step (data loading)"},
                   {"of step", true, "self time inside steps as a part of all steps"}});
  for (const analysis::OperatorTime& op : run.operators.operators) {
    table.add_row({op.name, count_cell(op.count), duration_cell(as_double(op.total_ns)),
                   duration_cell(as_double(op.self_ns)), duration_cell(as_double(op.forward_ns)),
                   duration_cell(as_double(op.backward_ns)), duration_cell(as_double(op.other_ns)),
                   duration_cell(as_double(op.background_ns)),
                   run.steps.total_ns > 0 ? share_cell(share(as_double(op.in_steps_ns), as_double(run.steps.total_ns)))
                                          : HtmlTable::Cell("unknown")});
  }
  page.table(table);
  page.close_section();
}

void add_other_range_section(HtmlPage& page, const RunAnalysis& run) {
  const analysis::CallTree& tree = run.other_ranges;
  if (tree.names.empty()) return;
  page.open_section("ranges", "Other ranges");
  if (!follows_convention(run)) {
    page.paragraph(not_converted);
  } else {
    page.note("NVTX ranges that do not follow foldperf's convention (other libraries, other programs).");
  }
  if (tree.self_ns > 0) {
    std::vector<IcicleNode> nodes;
    add_call_nodes(tree, 0, nodes);
    page.figure_markup("Ranges by time, each below the one it ran in", {}, icicle_chart("Ranges by time", nodes));
  }
  if (tree.cut) page.note("The tree was too large to keep whole: the deepest ranges count as part of those above.");
  HtmlTable table({{"range", false, "names that differ in their digits only are one where there are many"},
                   {"count", true, {}},
                   {"total", true, "with the ranges inside"},
                   {"self", true, "without the ranges inside"},
                   {"of covered", true, "self time as a part of the time that any range covers"},
                   {"median", true, "of single ranges"},
                   {"p90", true, "of single ranges"}});
  for (const analysis::NameTime& name : tree.names) {
    table.add_row({name.name.empty() ? "(no name)" : name.name, count_cell(name.count),
                   duration_cell(as_double(name.total_ns)), duration_cell(as_double(name.self_ns)),
                   share_cell(share(as_double(name.self_ns), as_double(tree.self_ns))), duration_cell(name.median_ns),
                   duration_cell(name.p90_ns)});
  }
  page.table(table);
  page.close_section();
}

}  // namespace foldperf::report
