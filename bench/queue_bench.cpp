// How long a trainer waits for samples of very unequal cost.
//
// Two workers prepare samples of which 5% take 50 times as long as the others; together they prepare 1.2 times as many
// as the consumer takes. Preparation and step are sleeps, so the bench measures the queue's order and depth and not
// this machine's CPUs. Prints a table; never fails on a time.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "trainer/feed/random_stream.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/worker_pool.hpp"

namespace {

using namespace foldperf::trainer;
using Clock = std::chrono::steady_clock;

constexpr float slow_share = 0.05F;
constexpr double slow_factor = 50;

struct Mix {
  std::int64_t workers = 2;
  double supply = 1.2;  // mean, of the consumer's demand
  double median_ms = 1;
  std::int64_t samples = 4000;  // measured
  std::int64_t warm_up = 800;
  std::uint64_t seed = 42;

  [[nodiscard]] bool is_slow(std::int64_t ticket) const {
    return RandomStream({seed, 0, static_cast<std::uint32_t>(ticket)}, Purpose::crop).uniform() < slow_share;
  }
  [[nodiscard]] double preparation_ms(std::int64_t ticket) const {
    return is_slow(ticket) ? slow_factor * median_ms : median_ms;
  }
  // From the samples that this run has, of which not exactly 5% are slow.
  [[nodiscard]] double step_ms() const {
    double sum = 0;
    for (std::int64_t ticket = 0; ticket < samples + warm_up; ++ticket) sum += preparation_ms(ticket);
    return supply * sum / static_cast<double>(samples + warm_up) / static_cast<double>(workers);
  }
};

struct Case {
  const char* name;
  Order order;
  std::int64_t depth;
  std::int64_t bound;
  bool knows_costs = false;  // before preparation, as from a chain's length
};

void sleep_ms(double duration) { std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(duration)); }

// Linux rounds sleeps up by 50 µs, which would count as preparation.
void sleep_exactly_here() { prctl(PR_SET_TIMERSLACK, 1UL); }

double at_share(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void run_case(const Case& settings, const Mix& mix) {
  QueueOptions options;
  options.order = settings.order;
  options.capacity = settings.depth;
  options.max_drift = settings.bound;
  options.tickets = mix.samples + mix.warm_up;
  options.cost_class = [mix](std::int64_t ticket) { return mix.is_slow(ticket) ? 1 : 0; };
  if (settings.knows_costs) {
    options.expected_cost = [mix](std::int64_t ticket) { return mix.preparation_ms(ticket); };
  }
  const auto queue = std::make_shared<ReadyQueue<std::int64_t>>(options);
  WorkerOptions workers;
  workers.number = mix.workers;
  workers.at_thread_start = sleep_exactly_here;
  WorkerPool pool(workers, queue, [mix](std::int64_t ticket) {
    sleep_ms(mix.preparation_ms(ticket));
    return ticket;
  });

  const double step_ms = mix.step_ms();
  std::vector<double> waits;
  while (const auto sample = queue->next()) {
    if (sample->place >= mix.warm_up) waits.push_back(static_cast<double>(sample->queue_wait_ns) * 1e-6 / step_ms);
    sleep_ms(step_ms);
  }
  std::sort(waits.begin(), waits.end());
  const auto waiting = std::count_if(waits.begin(), waits.end(), [](double wait) { return wait > 0.1; });
  const QueueStatistics statistics = queue->statistics();
  const auto measured_supply = static_cast<double>(statistics.all.samples * mix.workers) * step_ms /
                               (static_cast<double>(statistics.all.prepare_ns) * 1e-6);
  std::printf("%-30s %5lld %5lld  %7.1f %8.1f %8.1f %9.2f  %7.2f%%", settings.name,
              static_cast<long long>(settings.depth), static_cast<long long>(settings.bound),
              100 * at_share(waits, 0.5), 100 * at_share(waits, 0.9), 100 * at_share(waits, 0.99),
              100 * std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size()),
              100 * static_cast<double>(waiting) / static_cast<double>(waits.size()));
  for (const auto& [cost_class, drift] : statistics.by_class) {
    std::printf("  %s %+6.2f (%lld to %+lld)", cost_class == 1 ? "slow" : "fast", drift.mean_drift(),
                static_cast<long long>(drift.earliest), static_cast<long long>(drift.latest));
  }
  std::printf("  %lld  %.2f\n", static_cast<long long>(statistics.held_back), measured_supply);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Mix mix;
  std::int64_t depth = 64, bound = 32;
  CLI::App app("Waits of a trainer for samples of which 5% take 50 times the median");
  app.add_option("--depth", depth, "samples prepared or in preparation")->capture_default_str();
  app.add_option("--bound", bound, "largest drift in places")->capture_default_str();
  app.add_option("--workers", mix.workers, "worker threads")->capture_default_str();
  app.add_option("--supply", mix.supply, "mean supply, of the demand")->capture_default_str();
  app.add_option("--median-ms", mix.median_ms, "preparation of a fast sample")->capture_default_str();
  app.add_option("--samples", mix.samples, "samples measured")->capture_default_str();
  app.add_option("--warm-up", mix.warm_up, "samples before")->capture_default_str();
  app.add_option("--seed", mix.seed, "of the mix")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  sleep_exactly_here();

  std::printf("%lld workers, step %.2f ms, %lld samples after %lld of warm-up; waits in %% of the step\n",
              static_cast<long long>(mix.workers), mix.step_ms(), static_cast<long long>(mix.samples),
              static_cast<long long>(mix.warm_up));
  std::printf("%-30s %5s %5s  %7s %8s %8s %9s  %8s  mean drift by class (earliest to latest), held back, supply\n",
              "order", "depth", "bound", "p50", "p90", "p99", "mean", "over 10%");
  // PyTorch's DataLoader, which OpenFold uses, hands out in order and prepares two batches a worker ahead.
  for (const Case& settings : {Case{"ready first", Order::ready_first, depth, bound},
                               Case{"ready first, costs known", Order::ready_first, depth, bound, true},
                               Case{"strict", Order::strict, depth, 0},
                               Case{"ready first, 2 a worker", Order::ready_first, 2 * mix.workers, bound},
                               Case{"strict, 2 a worker (OpenFold)", Order::strict, 2 * mix.workers, 0}}) {
    run_case(settings, mix);
  }
}
