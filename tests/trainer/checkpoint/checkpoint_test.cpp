// Checkpoints: file, folder, writing in the background, finding the one to go on from.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "trainer/checkpoint/checkpoint_file.hpp"
#include "trainer/checkpoint/checkpoint_saver.hpp"
#include "trainer/checkpoint/configuration_changes.hpp"
#include "trainer/checkpoint/metrics_lines.hpp"
#include "trainer/checkpoint/mlperf_lines.hpp"
#include "trainer/checkpoint/resume.hpp"
#include "trainer/checkpoint/tensor_file.hpp"
#include "trainer/checkpoint/torch_file_writer.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::input_error;
using ::foldperf::testing::message_of;
using ::foldperf::testing::read_file;
using ::foldperf::testing::TemporaryFolder;
using ::foldperf::testing::write_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TrainingTensors tensors(double value) {
  TrainingTensors result;
  result.model = {{"a", torch::full({2, 3}, value)}, {"b", torch::full({}, value)}};
  result.average = {{"a", torch::full({2, 3}, value + 1)}, {"b", torch::full({}, value + 1)}};
  for (const char* part : {"exp_avg.", "exp_avg_sq.", "step."}) {
    for (const char* name : {"a", "b"}) result.optimizer[std::string(part) + name] = torch::full({3}, value + 2);
  }
  return result;
}

void expect_equal(const TrainingTensors& a, const TrainingTensors& b) {
  const auto compare = [](const TensorDict& x, const TensorDict& y) {
    ASSERT_EQ(x.size(), y.size());
    for (const auto& [name, tensor] : x) EXPECT_TRUE(torch::equal(tensor, y.at(name))) << name;
  };
  compare(a.model, b.model);
  compare(a.average, b.average);
  compare(a.optimizer, b.optimizer);
}

class Checkpoints : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path run() const { return folder / "run"; }
  [[nodiscard]] CheckpointFolder stored() const { return CheckpointFolder(checkpoints_of(run())); }
  [[nodiscard]] std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> result;
    for (const StoredCheckpoint& checkpoint : stored().all()) result.push_back(checkpoint.steps);
    return result;
  }
  CheckpointSaver::Options options() {
    CheckpointSaver::Options result;
    result.config = config;
    result.run_folder = run();
    result.steps = 100;
    result.configuration = "[train]\nsteps = 100\n";
    result.seed = 5;
    result.ema_decay = 0.9;
    result.note = [this](const std::string& text) { notes.push_back(text); };
    return result;
  }
  static RunCounters after(std::int64_t made) {
    RunCounters counters;
    counters.steps = made;
    return counters;
  }
  // A checkpoint of a run, by itself.
  void store(std::int64_t made, double value = 0) const {
    RunState state;
    state.counters.steps = made;
    state.tensors = tensors(value);
    stored().create();
    write_checkpoint(stored().file(made).string(), state);
  }
  std::optional<ResumePoint> find(const fs::path& path) {
    return find_resume_point(path.string(), [this](const std::string& text) { notes.push_back(text); });
  }

  TemporaryFolder folder;
  CheckpointConfig config;
  std::vector<std::string> notes;
};

TEST_F(Checkpoints, HoldAllOfARunsState) {
  RunState state;
  state.counters = {1234, 3, 2, {{"fape", 4}, {"plddt", 1}}, 1200};
  state.data = {2000, {2003, 2017}};
  state.seed = 43;
  state.ema_decay = 0.999;
  state.configuration = "[train]\nsteps = 9\n";
  state.tensors = tensors(0.1);
  write_checkpoint((folder / "c.pt").string(), state);
  const RunState read = read_checkpoint((folder / "c.pt").string());
  EXPECT_EQ(read.counters.steps, 1234);
  EXPECT_EQ(read.counters.skipped_steps, 3);
  EXPECT_EQ(read.counters.skipped_in_a_row, 2);
  EXPECT_EQ(read.counters.nonfinite_terms, state.counters.nonfinite_terms);
  EXPECT_EQ(read.counters.evaluated_after, 1200);
  EXPECT_EQ(read.data.next_turn, 2000);
  EXPECT_THAT(read.data.ahead, ElementsAre(2003, 2017));
  EXPECT_EQ(read.seed, 43);
  EXPECT_EQ(read.ema_decay, 0.999);
  EXPECT_EQ(read.configuration, state.configuration);
  expect_equal(read.tensors, state.tensors);
}

TEST_F(Checkpoints, OtherFilesAreNone) {
  save_tensors((folder / "w.pt").string(), tensors(1).model);
  EXPECT_THAT(input_error([&] { read_checkpoint((folder / "w.pt").string()); }),
              AllOf(HasSubstr("w.pt: is no checkpoint"), HasSubstr("train.initial_weights")));
}

TEST_F(Checkpoints, OfALaterFormatAreNotDamaged) {
  store(10);
  TorchFileWriter later;
  later.text("format", "foldperf checkpoint");
  later.whole("format_version", checkpoint_format_version + 1);
  later.write(stored().file(20).string());
  EXPECT_THAT(message_of<LaterFormat>([&] { find(run()); }),
              HasSubstr("step-000000020.pt: is a checkpoint of format 2"));
  EXPECT_THAT(steps(), ElementsAre(20, 10));
}

TEST_F(Checkpoints, ThatTheSystemRefusesToReadAreNotDamaged) {
  store(10);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;  // what is open stays so
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string message = message_of<SystemError>([&] { read_checkpoint(stored().file(10).string()); });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(message, HasSubstr("Too many open files"));
  EXPECT_THAT(input_error([&] { read_checkpoint(stored().file(11).string()); }), HasSubstr("No such file"));
}

TEST_F(Checkpoints, TheNewestAndTheBestStay) {
  for (const std::int64_t made : {10, 20, 30, 40, 50, 60}) store(made);
  stored().note_evaluation(10, 0.5);
  stored().note_evaluation(20, 0.7);
  stored().note_evaluation(30, 0.7);
  stored().note_evaluation(40, std::nan(""));
  stored().retain({2, 1});
  EXPECT_THAT(steps(), ElementsAre(60, 50, 30));  // of equals the later
  EXPECT_THAT(stored().evaluations(), SizeIs(1));
  EXPECT_FALSE(stored().would_be_best(0.6, {2, 1}));
  EXPECT_TRUE(stored().would_be_best(0.7, {2, 1}));
  EXPECT_TRUE(stored().would_be_best(0.6, {2, 2}));
  EXPECT_FALSE(stored().would_be_best(0.9, {2, 0}));
  EXPECT_FALSE(stored().would_be_best(std::nan(""), {2, 1}));
  write_file(stored().path() / "evaluations.json", "{damaged");
  EXPECT_THAT(stored().evaluations(), IsEmpty());
}

TEST_F(Checkpoints, OfATrainerAreCopiesOfTheMoment) {
  config.every_steps = 2;
  const TrainingTensors live = tensors(1);
  CheckpointSaver saver(options(), live);
  EXPECT_FALSE(saver.is_due(1));
  EXPECT_TRUE(saver.is_due(2));
  EXPECT_FALSE(saver.is_due(100));  // finish() makes it
  saver.take(2, {7, {9}});
  live.model.at("a").fill_(77);  // training goes on
  live.optimizer.at("step.a").fill_(77);
  RunCounters counters = after(2);
  counters.skipped_steps = 1;
  saver.write(after(1));  // not yet
  saver.write(counters);
  saver.finish(after(3), {8, {}});
  EXPECT_THAT(steps(), ElementsAre(3, 2));
  const RunState state = read_checkpoint(stored().file(2).string());
  expect_equal(state.tensors, tensors(1));
  EXPECT_EQ(state.counters.skipped_steps, 1);
  EXPECT_EQ(state.data.next_turn, 7);
  EXPECT_THAT(state.data.ahead, ElementsAre(9));
  EXPECT_EQ(state.seed, 5);
  EXPECT_EQ(state.ema_decay, 0.9);
  EXPECT_EQ(read_checkpoint(stored().file(3).string()).tensors.model.at("a").max().item<float>(), 77);
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Checkpoints, TheBestOfTheEvaluationsStay) {
  config.every_steps = 0;
  config.keep_last = 1;
  config.keep_best = 2;
  config.at_end = false;
  {
    CheckpointSaver saver(options(), tensors(1));
    for (const auto& [made, lddt_ca] : std::vector<std::pair<std::int64_t, double>>{
             {10, 0.3}, {20, 0.6}, {30, 0.5}, {40, 0.4}, {50, std::nan("")}, {60, 0.55}}) {
      saver.evaluated(after(made), {}, lddt_ca);
    }
    saver.finish(after(60), {});
  }
  EXPECT_THAT(steps(), ElementsAre(60, 20));
  // A later run goes on with what this one knew.
  CheckpointSaver::Options resumed = options();
  resumed.first_step = 60;
  CheckpointSaver saver(resumed, tensors(1));
  saver.evaluated(after(70), {}, 0.5);
  saver.evaluated(after(80), {}, 0.58);
  saver.finish(after(80), {});
  EXPECT_THAT(steps(), ElementsAre(80, 20));
}

TEST_F(Checkpoints, AnEvaluationOfOneThatIsThereIsWrittenDown) {
  config.every_steps = 10;
  CheckpointSaver saver(options(), tensors(1));
  saver.take(10, {});
  saver.write(after(10));
  saver.evaluated(after(10), {}, 0.25);
  EXPECT_THAT(stored().evaluations(), ElementsAre(std::pair<const std::int64_t, double>(10, 0.25)));
  EXPECT_EQ(find(run())->state.counters.evaluated_after, 10);
  EXPECT_EQ(read_checkpoint(stored().file(10).string()).counters.evaluated_after, -1);
}

TEST_F(Checkpoints, AFullDiskCostsOneCheckpointAndNotTheRun) {
  config.every_steps = 1;
  CheckpointSaver saver(options(), tensors(1));
  const auto make = [&](std::int64_t made) {
    saver.take(made, {});
    saver.write(after(made));
    saver.evaluated(after(made), {}, std::nan(""));  // waits
  };
  make(1);
  fs::create_symlink("/dev/full", stored().file(2).string() + ".partial");
  make(2);
  EXPECT_THAT(notes, ElementsAre(AllOf(HasSubstr("after step 2 could not be written"), HasSubstr("No space left"),
                                       HasSubstr("training goes on"))));
  make(3);
  EXPECT_THAT(steps(), ElementsAre(3, 1));
  EXPECT_THAT(notes, SizeIs(1));
  fs::create_symlink("/dev/full", stored().file(4).string() + ".partial");
  EXPECT_THAT(message_of<SystemError>([&] { saver.finish(after(4), {}); }), HasSubstr("No space left"));
  EXPECT_THAT(steps(), ElementsAre(3, 1));
}

TEST_F(Checkpoints, ASlowDiskDoesNotHoldUpTraining) {
  config.every_steps = 1;
  CheckpointSaver saver(options(), tensors(1));
  // A pipe: whoever writes to it waits for a reader.
  stored().create();
  const std::string pipe = stored().file(1).string() + ".partial";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::int64_t made : {1, 2, 3}) {
    saver.take(made, {});
    saver.write(after(made));
  }
  EXPECT_THAT(notes, ElementsAre(AllOf(HasSubstr("after step 2 is left out"), HasSubstr("step 1 is still being"))));
  std::thread reader([&] {
    const int descriptor = ::open(pipe.c_str(), O_RDONLY);
    char bytes[4096];
    while (::read(descriptor, bytes, sizeof bytes) > 0) {
    }
    ::close(descriptor);
  });
  saver.finish(after(4), {});
  reader.join();
  EXPECT_THAT(steps(), ElementsAre(4, 1));
  ASSERT_THAT(notes, SizeIs(2));
  EXPECT_THAT(notes[1], HasSubstr("2 checkpoints were left out"));
}

TEST_F(Checkpoints, OfAnotherRunAreNotMixedIn) {
  store(10);
  store(20);
  EXPECT_THAT(
      message_of<UsageError>([&] { CheckpointSaver(options(), tensors(1)); }),
      AllOf(HasSubstr("step-000000020.pt is of an earlier run"), HasSubstr("--resume"), HasSubstr("--overwrite")));
  EXPECT_THAT(message_of<UsageError>([&] { refuse_later_checkpoints(run(), 10); }), HasSubstr("step-000000020.pt"));
  refuse_later_checkpoints(run(), 20);
  stored().clear();
  refuse_later_checkpoints(run(), 0);
}

TEST_F(Checkpoints, TheNewestThatIsWholeIsTaken) {
  EXPECT_FALSE(find(run()).has_value());
  for (const std::int64_t made : {10, 20, 30}) store(made, static_cast<double>(made));
  stored().note_evaluation(20, 0.5);
  const std::string newest = read_file(stored().file(30));
  write_file(stored().file(30), newest.substr(0, newest.size() / 3));
  write_file(stored().path() / "step-000000040.pt.partial", "half");
  const auto point = find(run());
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(point->state.counters.steps, 20);
  EXPECT_EQ(point->state.counters.evaluated_after, 20);
  EXPECT_EQ(point->run_folder, fs::absolute(run()));
  EXPECT_EQ(point->lddt_ca, 0.5);
  EXPECT_THAT(notes,
              ElementsAre(AllOf(HasSubstr("step-000000030.pt: is cut off"), HasSubstr("the checkpoint before"))));
  EXPECT_THAT(steps(), ElementsAre(30, 20, 10)) << "looking changes nothing";
  set_damaged_aside(*point);
  EXPECT_THAT(steps(), ElementsAre(20, 10));
  EXPECT_TRUE(fs::exists(stored().file(30).string() + ".damaged"));
  // By name, and from the folder itself.
  EXPECT_EQ(find(stored().file(10))->state.counters.steps, 10);
  EXPECT_EQ(find(stored().path())->state.counters.steps, 20);
  for (const std::int64_t made : {10, 20}) write_file(stored().file(made), "damaged");
  EXPECT_THAT(input_error([&] { find(run()); }), HasSubstr("none of its 2 checkpoints is whole"));
  EXPECT_THAT(steps(), ElementsAre(20, 10)) << "nothing is set aside where nothing is left";
}

TEST_F(Checkpoints, AreCopiedIntoTheTrainersTensors) {
  store(10, 5);
  const TrainingTensors live = tensors(0);
  restore_tensors(*find(run()), live, {});
  expect_equal(live, tensors(5));
  TrainingTensors other = tensors(0);
  other.model["a"] = torch::zeros({2, 4});
  EXPECT_THAT(input_error([&] {
                try {
                  restore_tensors(*find(run()), other, {"model.c_z: 3, now 4", "train.steps: 1, now 2"});
                } catch (const Error& error) {
                  if (error.code() != ExitCode::bad_input) throw;
                  throw InputError(error.what(), "");
                }
              }),
              AllOf(HasSubstr("'a' has [2, 3], the model's is [2, 4]"), HasSubstr("model.c_z: 3, now 4"),
                    ::testing::Not(HasSubstr("train.steps"))));
  EXPECT_EQ(other.model.at("b").item<float>(), 0) << "nothing is changed";
}

TEST_F(Checkpoints, MetricsAfterThemAreDropped) {
  const std::string kept =
      "{\"kind\":\"eval_mean\",\"step\":0}\n{\"kind\":\"train\",\"step\":0}\n{\"kind\":\"train\",\"step\":1}\n";
  const std::string evaluation = "{\"kind\":\"eval\",\"step\":2}\n";
  const fs::path file =
      folder.write("metrics.jsonl", kept + evaluation + "{\"kind\":\"train\",\"step\":2}\n{\"kind\":\"tr");
  EXPECT_EQ(drop_lines_after(file.string(), 2, /*is_evaluated=*/true), 2);
  EXPECT_EQ(read_file(file), kept + evaluation);
  EXPECT_EQ(drop_lines_after(file.string(), 2, /*is_evaluated=*/false), 1);
  EXPECT_EQ(read_file(file), kept);
  EXPECT_EQ(drop_lines_after((folder / "none.jsonl").string(), 2, true), 0);
}

TEST_F(Checkpoints, MlperfLinesAfterThemAreDropped) {
  const auto line = [](const std::string& key, const std::string& metadata) {
    return R"(:::MLLOG {"key":")" + key + R"(","metadata":{)" + metadata + "}}\n";
  };
  const std::string start = line("init_start", "") + line("init_stop", "") + line("run_start", R"("first_step":0)");
  const std::string epoch = line("epoch_start", R"("step":0)") + line("epoch_stop", R"("step":2)");
  const std::string evaluation = line("eval_start", R"("step":2)") + line("eval_stop", R"("step":2)");
  const std::string next_epoch = line("epoch_start", R"("step":2)") + line("epoch_stop", R"("step":4)");
  const std::string later_run = line("run_stop", R"("step":4)") + line("init_start", "") + line("init_stop", "") +
                                line("run_start", R"("first_step":4)");
  const std::string all = start + epoch + evaluation + next_epoch + later_run;
  const auto cut = [&](std::int64_t steps, bool is_evaluated, const std::string& end = {}) {
    const fs::path file = folder.write("mlperf.log", all + end);
    drop_mlperf_lines_after(file.string(), steps, is_evaluated);
    return read_file(file);
  };
  EXPECT_EQ(cut(4, true), all);
  EXPECT_EQ(cut(4, true, ":::MLLOG {\"key\":\"run_s"), all);
  EXPECT_EQ(cut(4, true, line("epoch_start", R"("step":3)")), all) << "an epoch that has no end";
  EXPECT_EQ(cut(3, true), start + epoch + evaluation) << "the end of the epoch is later";
  EXPECT_EQ(cut(2, true), start + epoch + evaluation);
  EXPECT_EQ(cut(2, false), start + epoch);
  EXPECT_EQ(cut(1, false), start);
  EXPECT_EQ(cut(3, true, line("run_start", R"("first_step":4)")), start + epoch + evaluation);
  drop_mlperf_lines_after((folder / "none.log").string(), 2, true);
  EXPECT_FALSE(fs::exists(folder / "none.log"));
}

TEST(ConfigurationChanges, AreNamedByKey) {
  const nlohmann::json now = {{"train", {{"steps", 20}, {"device", "cpu"}}}, {"list", {"a", "b"}}, {"added", 1.5}};
  EXPECT_THAT(configuration_changes("list = [\"a\"]\ngone = true\n[train]\nsteps = 10\ndevice = \"cpu\"\n", now),
              ElementsAre("added: not set, now 1.5", "gone: true, now unknown", R"(list: ["a"], now ["a","b"])",
                          "train.steps: 10, now 20"));
}

}  // namespace
}  // namespace foldperf::trainer
