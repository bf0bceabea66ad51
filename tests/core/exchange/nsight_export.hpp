// Two processes as Nsight Systems 2024.6 exports them: tables with columns that ours lack, and without some of ours.
#pragma once

#include <string>

#include "core/database/sqlite.hpp"

namespace foldperf::exchange {

// Processes 100 and 101, each with a GPU, a named thread, two steps and a kernel with its launch.
inline void write_nsight_export(const std::string& path) {
  database::sqlite::Connection db(path, database::sqlite::OpenMode::create, path);
  db.exec(
      "CREATE TABLE StringIds(id INTEGER NOT NULL PRIMARY KEY,value TEXT NOT NULL);"
      "INSERT INTO StringIds VALUES(5,'gemm'),(6,'void "
      "gemm<float>(float*)'),(7,'cudaLaunchKernel_v7000'),(8,'step'),(9,'loader');"
      "CREATE TABLE TARGET_INFO_SESSION_START_TIME(utcEpochNs INTEGER,utcTime TEXT,localTime TEXT);"
      "INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES(1700000000000000000,'','');"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER NOT NULL,end INTEGER NOT NULL,deviceId INTEGER NOT NULL,"
      "contextId INTEGER,streamId INTEGER NOT NULL,correlationId INTEGER,globalPid INTEGER,demangledName INTEGER NOT "
      "NULL,"
      "shortName INTEGER NOT NULL,gridX INTEGER NOT NULL,migrationCause INTEGER);"
      "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER NOT NULL,end INTEGER NOT NULL,eventClass INTEGER,"
      "globalTid INTEGER,correlationId INTEGER,nameId INTEGER NOT NULL,returnValue INTEGER NOT NULL);"
      "CREATE TABLE NVTX_EVENTS(start INTEGER NOT NULL,end INTEGER,eventType INTEGER NOT NULL,rangeId INTEGER,"
      "category INTEGER,color INTEGER,text TEXT,globalTid INTEGER,textId INTEGER,domainId INTEGER);"
      "CREATE TABLE ThreadNames(nameId INTEGER NOT NULL,priority INTEGER,globalTid INTEGER);"
      "CREATE TABLE TARGET_INFO_GPU(vmId INTEGER NOT NULL,id INTEGER NOT NULL,name TEXT,busLocation TEXT,"
      "totalMemory INTEGER,clockRate INTEGER,smCount INTEGER,pwGpuId INTEGER,computeMajor INTEGER,chipName TEXT);"
      "INSERT INTO TARGET_INFO_GPU VALUES(1,0,'NVIDIA H100','0000:01:00.0',85899345920,1980000000,132,3,9,'GH100'),"
      "(1,1,'NVIDIA H100','0000:02:00.0',85899345920,1980000000,132,4,9,'GH100');"
      "CREATE TABLE TARGET_INFO_CUDA_DEVICE(gpuId INTEGER NOT NULL,cudaId INTEGER NOT NULL,pid INTEGER NOT NULL,"
      "uuid TEXT,numMultiprocessors INTEGER NOT NULL);"
      "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES(0,0,100,'GPU-a',132),(1,0,101,'GPU-b',132),(1,1,999,'GPU-b',132)");
  for (const std::string pid : {"100", "101"}) {
    const std::string tid = "((" + pid + "<<24)+9)";
    db.exec("INSERT INTO ThreadNames VALUES(9,20," + tid +
            ");"
            "INSERT INTO NVTX_EVENTS VALUES(0,NULL,75,NULL,NULL,NULL,'training'," +
            tid +
            ",NULL,1);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(2000,5000,0,1,7,33," +
            pid +
            "<<24,6,5,4,NULL);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(1100,1200,0," +
            tid +
            ",33,7,0);"
            "INSERT INTO NVTX_EVENTS VALUES(1000,9000,59,NULL,NULL,NULL,NULL," +
            tid +
            ",8,1),"
            "(10000,19000,59,NULL,NULL,NULL,NULL," +
            tid + ",8,1)");
  }
}

}  // namespace foldperf::exchange
