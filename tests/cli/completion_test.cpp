#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/application.hpp"

namespace foldperf::cli {
namespace {

using ::testing::HasSubstr;

TEST(Completion, KnowsEveryCommandAndOption) {
  Context context;
  const auto app = make_application(context);
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    const std::string script = completion_script(*app, shell);
    for (const char* word : {"train", "profile", "report", "doctor", "completion", "overwrite", "collect", "merge",
                             "format", "text json html", "bash zsh fish", "version"}) {
      EXPECT_THAT(script, HasSubstr(word));
    }
  }
}

}  // namespace
}  // namespace foldperf::cli
