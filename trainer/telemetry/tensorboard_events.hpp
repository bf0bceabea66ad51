// An event file as TensorBoard reads it: events.out.tfevents.<seconds>.<host>.<process>.<number>, in TFRecord framing
// (length, masked CRC-32C of the length, message, masked CRC-32C of the message).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "trainer/telemetry/event_encoder.hpp"

namespace foldperf::trainer::telemetry {

// One record of such a file: what stands around the message.
std::string framed(std::string_view message);

// Each event is handed to the system as it comes: TensorBoard sees it at its next look, and a program that is killed
// loses none. One thread at a time.
class EventFile {
 public:
  // Makes the folder where it is missing, and a new file in it: runs that go on append a file, never to one.
  // `first_step`: the first of which this file tells; TensorBoard drops what earlier files in the folder tell of it and
  // of later ones. Throws SystemError naming the path.
  explicit EventFile(const std::filesystem::path& folder, std::int64_t first_step = 0);
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  ~EventFile();

  // These throw SystemError naming the file where it cannot be written.
  void scalars(std::int64_t step, const std::vector<Scalar>& values);
  void text(std::int64_t step, const std::string& tag, const std::string& markdown);
  void close();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void append(std::string_view message);

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace foldperf::trainer::telemetry
