#include "tests/support/sample_run.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <random>

#include "core/database/schema.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::test {
namespace {

using database::sqlite::Connection;
using database::sqlite::OpenMode;
using database::sqlite::Statement;
using facts::Category;

constexpr std::int64_t start_utc_ns = 1'767'225'600'000'000'000;  // 2026-01-01 00:00:00 UTC
constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;

// Writes rows; ranges are closed by moving the clock.
class SampleWriter {
 public:
  explicit SampleWriter(const std::string& path) : db_(path, OpenMode::create, path) {
    database::create_schema(db_);
    db_.exec("BEGIN");
    nvtx_.emplace(db_,
                  "INSERT INTO NVTX_EVENTS (start, \"end\", eventType, category, textId, globalTid, domainId, "
                  "int64Value, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    string_.emplace(db_, "INSERT INTO StringIds (id, value) VALUES (?, ?)");
    metric_.emplace(db_, "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)");
    batch_.emplace(db_, "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  }

  void domain(int rank) {
    run("INSERT INTO NvtxDomains VALUES (" + std::to_string(rank) + ", 1, " +
        std::to_string(intern(facts::domain_name)) + ")");
    for (const facts::CategoryName& c : facts::category_names) {
      run("INSERT INTO NvtxCategories VALUES (" + std::to_string(rank) + ", 1, " +
          std::to_string(static_cast<int>(c.category)) + ", " + std::to_string(intern(c.name)) + ")");
    }
  }

  void range(int rank, std::int64_t tid, Category category, const std::string& text, std::int64_t start,
             std::optional<std::int64_t> end, std::optional<std::int64_t> payload = {}, int domain_id = 1) {
    nvtx_->bind(1, start);
    nvtx_->bind_optional(2, end);
    nvtx_->bind(3, std::int64_t{59});
    nvtx_->bind(4, static_cast<std::int64_t>(category));
    nvtx_->bind(5, intern(text));
    nvtx_->bind(6, tid);
    nvtx_->bind(7, std::int64_t{domain_id});
    nvtx_->bind_optional(8, payload);
    nvtx_->bind(9, std::int64_t{rank});
    nvtx_->run();
  }

  void metric(int rank, std::int64_t step, std::int64_t at, const std::string& name, std::optional<double> value,
              const std::string& split, const std::string& chain) {
    metric_->bind(1, std::int64_t{rank});
    metric_->bind(2, step);
    metric_->bind(3, at);
    metric_->bind(4, name);
    if (value) {
      metric_->bind(5, *value);
    } else {
      metric_->bind_null(5);
    }
    metric_->bind_text_or_null(6, split);
    metric_->bind_text_or_null(7, chain);
    metric_->run();
  }

  void batch(int rank, std::int64_t step, std::int64_t at, const std::string& chain, std::int64_t length,
             std::int64_t depth, const std::array<std::int64_t, 3>& stages, std::int64_t wait) {
    const std::string json = "{\"parse\":" + std::to_string(stages[0]) + ",\"features\":" + std::to_string(stages[1]) +
                             ",\"transforms\":" + std::to_string(stages[2]) + "}";
    batch_->bind(1, std::int64_t{rank});
    batch_->bind(2, step);
    batch_->bind(3, at);
    batch_->bind(4, chain);
    batch_->bind(5, length);
    batch_->bind(6, std::min<std::int64_t>(length, 256));
    batch_->bind(7, depth);
    batch_->bind(8, stages[0] + stages[1] + stages[2]);
    batch_->bind(9, json);
    batch_->bind(10, wait);
    batch_->run();
  }

  void step(int rank, std::int64_t number, std::int64_t at, std::int64_t samples) {
    run("INSERT INTO steps VALUES (" + std::to_string(rank) + ", " + std::to_string(number) + ", " +
        std::to_string(at) + ", " + std::to_string(samples) + ")");
  }

  void run_row(const std::string& name, const std::string& command, std::int64_t end_ns, bool finished) {
    Statement insert(db_, "INSERT INTO runs VALUES (1, ?, ?, '/home/someone/runs', ?, ?, ?, ?, '0.1.0')");
    insert.bind(1, name);
    insert.bind(2, command);
    insert.bind(3, start_utc_ns);
    if (finished) {
      insert.bind(4, start_utc_ns + end_ns);
      insert.bind(5, std::int64_t{0});
    } else {
      insert.bind_null(4);
      insert.bind_null(5);
    }
    insert.bind(6, finished ? std::string_view("finished") : std::string_view("killed"));
    insert.run();
  }

  void rank_row(int rank, int world_size, std::int64_t end_ns, bool finished) {
    run("INSERT INTO ranks(rank,world_size,host,pid,command,start_utc_ns,end_utc_ns,state,cpu_model,cpu_count,"
        "memory_bytes,os,offset_ns,source_file) VALUES (" +
        std::to_string(rank) + ", " + std::to_string(world_size) + ", 'node1', " + std::to_string(4000 + rank) +
        ", 'foldperf-train', " + std::to_string(start_utc_ns) + ", " +
        (finished ? std::to_string(start_utc_ns + end_ns) : "NULL") + ", '" + (finished ? "finished" : "killed") +
        "', 'AMD EPYC 7763 64-Core Processor', 2, 25769803776, 'Debian GNU/Linux 12', 0, NULL)");
    run("INSERT INTO collectors VALUES (" + std::to_string(rank) + ", 'nvtx', 'active', 'injected')");
    run("INSERT INTO collectors VALUES (" + std::to_string(rank) + ", 'cupti', 'unavailable', 'no CUDA driver')");
  }

  void run(const std::string& sql) { db_.exec(sql); }
  void finish() { db_.exec("COMMIT"); }

 private:
  std::int64_t intern(std::string_view text) {
    const auto [found, added] = ids_.try_emplace(std::string(text), static_cast<std::int64_t>(ids_.size()) + 1);
    if (added) {
      string_->bind(1, found->second);
      string_->bind(2, std::string_view(found->first));
      string_->run();
    }
    return found->second;
  }

  Connection db_;
  std::optional<Statement> nvtx_, string_, metric_, batch_;
  std::map<std::string, std::int64_t> ids_;
};

// One rank's training.
class Training {
 public:
  Training(SampleWriter& out, const SampleRunOptions& options, int rank)
      : out_(out),
        options_(options),
        rank_(rank),
        tid_((std::int64_t{4000} + rank) << 24 | 1),
        random_(7U + static_cast<unsigned>(rank)) {}

  std::int64_t run() {
    for (int step = 0; step < options_.steps; ++step) train_step(step);
    return now_;
  }

 private:
  double noise() { return std::uniform_real_distribution<>(0.85, 1.15)(random_); }
  std::int64_t took(std::int64_t mean) {
    return static_cast<std::int64_t>(static_cast<double>(mean) * noise() * slow_);
  }
  bool open_at_end(int step) const { return options_.unfinished && step == options_.steps - 1; }

  // Operators until `mean` time has passed.
  void compute(std::int64_t mean, const char* main_operator) {
    static constexpr std::array<const char*, 4> others{"aten::add", "aten::layer_norm", "aten::softmax", "aten::mul"};
    const std::int64_t end = now_ + took(mean);
    if (options_.operators) {
      const std::int64_t middle = now_ + (end - now_) * 6 / 10;
      out_.range(rank_, tid_, Category::op, main_operator, now_, middle);
      out_.range(rank_, tid_, Category::op, "aten::copy_", now_ + (middle - now_) / 8, now_ + (middle - now_) / 5);
      const std::size_t other = random_() % others.size();
      out_.range(rank_, tid_, Category::op, others[other], middle, end - (end - middle) / 6);
    }
    now_ = end;
  }

  template <class Body>
  void spanned(Category category, const std::string& text, std::optional<std::int64_t> payload, Body body,
               bool open = false) {
    const std::int64_t start = now_;
    body();
    out_.range(rank_, tid_, category, text, start, open ? std::nullopt : std::optional(now_), payload);
  }

  void block(Category category, int index, std::int64_t unit) {
    const std::string path = "evoformer.blocks." + std::to_string(index);
    spanned(category, path, {}, [&] {
      now_ += took(unit / 8);
      for (const auto& [part, weight] : {std::pair{".msa_att_row", 30},
                                         {".msa_att_col", 18},
                                         {".core.msa_transition", 14},
                                         {".core.outer_product_mean", 11},
                                         {".core.tri_mul_out", 16},
                                         {".core.tri_mul_in", 16},
                                         {".core.tri_att_start", 22},
                                         {".core.tri_att_end", 21},
                                         {".core.pair_transition", 9}}) {
        spanned(category, path + part, {},
                [&] { compute(unit * weight / 10, weight > 15 ? "aten::bmm" : "aten::addmm"); });
      }
    });
  }

  void model(Category category, std::int64_t unit) {
    spanned(category, "alphafold", {}, [&] {
      spanned(category, "input_embedder", {}, [&] { compute(unit * 2, "aten::linear"); });
      for (int b = 0; b < options_.blocks; ++b) block(category, b, unit);
      spanned(category, "structure_module", {}, [&] {
        spanned(category, "structure_module.ipa", {}, [&] { compute(unit * 12, "aten::einsum"); });
        spanned(category, "structure_module.angle_resnet", {}, [&] { compute(unit * 3, "aten::addmm"); });
      });
      spanned(category, "aux_heads", {}, [&] { compute(unit, "aten::linear"); });
    });
    for (const std::string& module : options_.extra_modules) {
      if (category == Category::module) spanned(category, module, {}, [&] { compute(unit, "aten::linear"); });
    }
  }

  void train_step(int step) {
    const int chain = (step * options_.ranks + rank_) % options_.chains;
    const std::string chain_name = "chain" + std::to_string(chain) + "_A";
    const std::int64_t length = 20 + 45 * chain;
    const std::int64_t depth = chain == 0 ? 1 : 40 << (2 * (chain % 5));
    slow_ = (step == 0 ? 6.0 : 1.0) * (0.4 + static_cast<double>(length) / 100.0) * (1 + 0.06 * rank_);
    const std::int64_t unit = 100 * us;
    const std::int64_t wait = step % 9 == 0 ? 15 * ms + length * 20 * us : took(120 * us);

    const auto body = [&] {
      out_.batch(rank_, step, now_, chain_name, length, depth, {took(900 * us), took(600 * us), took(1500 * us)}, wait);
      spanned(Category::phase, "data_wait", {}, [&] { now_ += wait; });
      spanned(Category::phase, "forward", {},
              [&] { spanned(Category::recycling_pass, "recycling_pass", 0, [&] { model(Category::module, unit); }); });
      spanned(Category::phase, "loss", {}, [&] { compute(6 * unit, "aten::cdist"); });
      spanned(
          Category::phase, "backward", {},
          [&] {
            for (int b = options_.blocks - 1; options_.recompute && b >= 0; --b) block(Category::module, b, unit);
            model(Category::module_backward, 2 * unit);
          },
          open_at_end(step));
      if (open_at_end(step)) return;
      spanned(Category::phase, "clip", {}, [&] { compute(2 * unit, "aten::linalg_vector_norm"); });
      spanned(Category::phase, "optimizer", {}, [&] { compute(9 * unit, "aten::addcdiv_"); });
      spanned(Category::phase, "ema", {}, [&] { compute(3 * unit, "aten::lerp_"); });
      now_ += took(unit);
    };
    spanned(Category::step, "step", step, body, open_at_end(step));
    out_.step(rank_, step, now_, options_.ranks);
    metrics(step, chain, chain_name);
    if (step % 10 == 9) evaluate(step);
    now_ += 50 * us;
  }

  void metrics(int step, int chain, const std::string& chain_name) {
    const double progress = 1 - std::exp(-3.5 * step / std::max(1, options_.steps));
    const double loss = (4.5 - 3.2 * progress) * noise() + 0.2 * chain;
    out_.metric(rank_, step, now_, "loss", loss, "train", chain_name);
    out_.metric(rank_, step, now_, "loss.fape", loss * 0.5, "train", chain_name);
    out_.metric(rank_, step, now_, "loss.supervised_chi", loss * 0.2 * noise(), "train", chain_name);
    out_.metric(rank_, step, now_, "loss.distogram", loss * 0.3 * noise(), "train", chain_name);
    out_.metric(rank_, step, now_, "lddt_ca", 0.08 + 0.72 * progress * noise(), "train", chain_name);
    out_.metric(rank_, step, now_, "grad_norm", step == 7 ? std::nullopt : std::optional(2.0 * noise() - progress),
                "train", "");
    out_.metric(rank_, step, now_, "learning_rate", 3e-3 * std::min(1.0, (step + 1) / 10.0), "train", "");
  }

  void evaluate(int step) {
    spanned(Category::phase, "evaluation", {}, [&] {
      for (int chain = 0; chain < options_.chains; ++chain) {
        model(Category::module, 60 * us);
        const double progress = 1 - std::exp(-4.0 * step / std::max(1, options_.steps));
        out_.metric(rank_, step, now_, "lddt_ca", 0.07 + (0.8 - 0.03 * chain) * progress, "eval",
                    "chain" + std::to_string(chain) + "_A");
      }
    });
  }

  SampleWriter& out_;
  const SampleRunOptions& options_;
  int rank_;
  std::int64_t tid_;
  std::mt19937 random_;
  std::int64_t now_ = 200 * ms;
  double slow_ = 1;
};

}  // namespace

void write_sample_run(const std::string& path, const SampleRunOptions& options) {
  SampleWriter out(path);
  std::int64_t end = 0;
  for (int rank = 0; rank < options.ranks; ++rank) {
    out.domain(rank);
    end = std::max(end, Training(out, options, rank).run());
  }
  end += 30 * ms;
  out.run_row(options.name, options.command, end, !options.unfinished);
  for (int rank = 0; rank < options.ranks; ++rank) out.rank_row(rank, options.ranks, end, !options.unfinished);
  out.finish();
}

void write_plain_run(const std::string& path, int iterations) {
  SampleWriter out(path);
  const std::int64_t tid = std::int64_t{77} << 24 | 77;
  std::int64_t now = 5 * ms;
  for (int i = 0; i < iterations; ++i) {
    const std::int64_t start = now;
    const auto part = [&](const char* name, std::int64_t length) {
      out.range(0, tid, Category::none, name, now, now + length, {}, 0);
      now += length;
    };
    const std::int64_t forward = now;
    part("layer1", 4 * ms);
    part("layer2", 5 * ms);
    out.range(0, tid, Category::none, "forward", forward, now + ms, {}, 0);
    now += ms;
    part("backward", 18 * ms);
    part("optimizer", 3 * ms);
    out.range(0, tid, Category::none, "iteration " + std::to_string(i), start, now, {}, 0);
    now += ms;
  }
  out.run_row("", "python train.py", now, true);
  out.rank_row(0, 1, now, true);
  out.finish();
}

void write_empty_run(const std::string& path, bool with_run_row) {
  SampleWriter out(path);
  if (with_run_row) out.run_row("", "", 0, false);
  out.finish();
}

}  // namespace foldperf::test
