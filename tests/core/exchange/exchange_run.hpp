// A small run with all that exports show, filled by SQL.
#pragma once

#include <string>

#include "core/database/schema.hpp"
#include "core/database/sqlite.hpp"

namespace foldperf::exchange {

// Two ranks of 2 steps; in each a call (thread 11) launches a kernel of 1,500 ns on stream 7, and a copy.
inline void write_exchange_run(const std::string& path) {
  database::sqlite::Connection db(path, database::sqlite::OpenMode::create, path);
  database::create_schema(db);
  db.exec(
      "INSERT INTO runs(id,name,start_utc_ns,state,foldperf_version) VALUES(1,'a \"run\"',1700000000000000000,"
      "'finished','0.1.0');"
      "INSERT INTO StringIds VALUES(1,'gemm<float, 4>'),(2,'cudaLaunchKernel'),(3,'loader'),(4,'forward')");
  for (int rank = 0; rank < 2; ++rank) {
    const std::string r = std::to_string(rank);
    db.exec("INSERT INTO ranks(rank,world_size,host,pid,start_utc_ns,state) VALUES(" + r + ",2,'node',10" + r +
            ",1700000000000000000,'finished');"
            "INSERT INTO ThreadNames(rank,globalTid,nameId) VALUES(" +
            r + ",(100<<24)+11,3)");
    for (int step = 0; step < 2; ++step) {
      const std::string at = std::to_string(1'000'000 + step * 100'000 + rank);
      const std::string correlation = std::to_string((std::int64_t{rank} << 40) + 1 + step);
      db.exec(
          "INSERT INTO step_ranges VALUES(" + r + "," + std::to_string(step) + "," + at + "," + at +
          "+90000,'nvtx',1);"
          "INSERT INTO NVTX_EVENTS(start,\"end\",eventType,textId,globalTid,domainId,rank) VALUES(" +
          at + "," + at + "+80000,59,4,(100<<24)+11,0," + r + "),(" + at + "+5,NULL,34,4,(100<<24)+11,0," + r +
          ");"
          "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME(start,\"end\",globalTid,correlationId,nameId,rank) VALUES(" +
          at + "+100," + at + "+300,(100<<24)+11," + correlation + ",2," + r +
          ");"
          "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(start,\"end\",deviceId,streamId,correlationId,shortName,"
          "demangledName,gridX,gridY,gridZ,blockX,blockY,blockZ,registersPerThread,rank) VALUES(" +
          at + "+1001," + at + "+2501," + r + ",7," + correlation + ",1,1,2,3,4,128,1,1,40," + r +
          ");"
          "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY(start,\"end\",deviceId,streamId,correlationId,bytes,copyKind,rank) "
          "VALUES(" +
          at + "+3000," + at + "+4000," + r + ",7," + correlation + "+100,4096,1," + r +
          ");"
          "INSERT INTO collectives(rank,start,\"end\",communicator,sequence_number,operation,bytes) VALUES(" +
          r + "," + at + "+5000," + at + "+6000,1," + std::to_string(step) +
          ",'AllReduce',64);"
          "INSERT INTO host_samples(rank,at,rss_bytes,run_queue) VALUES(" +
          r + "," + at +
          ",1000000,3);"
          "INSERT INTO environment(rank,at,deviceId,power_mw) VALUES(" +
          r + "," + at + "," + r + ",350000)");
    }
  }
}

}  // namespace foldperf::exchange
