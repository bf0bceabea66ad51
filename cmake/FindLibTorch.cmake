# LibTorch as the PyPI package torch ships it.
#
# Torch's own CMake files demand a whole CUDA toolkit even where only the CPU is used, so we name headers and
# libraries ourselves. The CUDA headers come with torch's nvidia-* packages in the same Python environment.
file(GLOB _torch_candidates "${FOLDPERF_VENV}/lib/python3*/site-packages/torch")
set(FOLDPERF_TORCH_DIR "" CACHE PATH "The torch package folder (found in FOLDPERF_VENV when empty)")
if(FOLDPERF_TORCH_DIR)
  set(_torch_dir "${FOLDPERF_TORCH_DIR}")
elseif(_torch_candidates)
  list(GET _torch_candidates 0 _torch_dir)
else()
  message(FATAL_ERROR "No torch package in ${FOLDPERF_VENV}. Run scripts/setup.sh, or set FOLDPERF_VENV or FOLDPERF_TORCH_DIR.")
endif()
# The path written into the programs must not change when a symbolic link does.
file(REAL_PATH "${_torch_dir}" _torch_dir)
set(FOLDPERF_TORCH_DIR_FOUND "${_torch_dir}")
cmake_path(GET _torch_dir PARENT_PATH _site_packages)
# "2.11.0" and "13.0": what another machine's torch must be, for foldperf doctor.
file(STRINGS "${_torch_dir}/version.py" _torch_version REGEX "^__version__ = ")
string(REGEX REPLACE ".*'([0-9.]+).*" "\\1" FOLDPERF_TORCH_VERSION "${_torch_version}")
file(STRINGS "${_torch_dir}/version.py" _torch_cuda REGEX "^cuda")
string(REGEX REPLACE ".*'([0-9.]+)'.*" "\\1" FOLDPERF_TORCH_CUDA "${_torch_cuda}")
if(NOT FOLDPERF_TORCH_CUDA MATCHES "^[0-9]+\\.[0-9]+$")
  message(FATAL_ERROR "${_torch_dir} is torch for the CPU only: foldperf-train is built with torch for CUDA, even where there is no GPU (scripts/setup.sh)")
endif()
set(FOLDPERF_CUDA_INCLUDE_DIR "${_site_packages}/nvidia/cu13/include")
file(GLOB _nvidia_lib_dirs "${_site_packages}/nvidia/*/lib")
set(FOLDPERF_TORCH_RPATH "${_torch_dir}/lib" ${_nvidia_lib_dirs})

# The CUDA runtime that LibTorch itself uses: its headers call it in inline functions (streams, events, graphs).
file(GLOB _cudart "${_site_packages}/nvidia/*/lib/libcudart.so.13")
if(NOT _cudart)
  message(FATAL_ERROR "No libcudart.so.13 beside ${_torch_dir}: foldperf-train is built with PyPI's torch for CUDA 13 (scripts/setup.sh)")
endif()

add_library(Torch::Torch INTERFACE IMPORTED)
set_target_properties(Torch::Torch PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES
    "${_torch_dir}/include;${_torch_dir}/include/torch/csrc/api/include;${FOLDPERF_CUDA_INCLUDE_DIR};${_site_packages}/nvidia/nccl/include"
  INTERFACE_LINK_DIRECTORIES "${_torch_dir}/lib"
  # libtorch_cuda registers the CUDA backend when it is loaded: no symbol of it is named by CPU code, so it must be kept.
  # libstdc++ comes first, because libtorch.so exports its own std::filesystem (of an older library), whose remove_all
  # crashes: the first library in the list is where the program finds it.
  INTERFACE_LINK_LIBRARIES "-Wl,--no-as-needed;-lstdc++;${_torch_dir}/lib/libtorch.so;${_torch_dir}/lib/libtorch_cpu.so;${_torch_dir}/lib/libtorch_cuda.so;${_torch_dir}/lib/libc10.so;${_torch_dir}/lib/libc10_cuda.so;-Wl,--as-needed;${_cudart}"
  INTERFACE_COMPILE_DEFINITIONS "USE_C10D_GLOO;USE_C10D_NCCL")

add_library(Nvtx::Headers INTERFACE IMPORTED)
set_target_properties(Nvtx::Headers PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${FOLDPERF_CUDA_INCLUDE_DIR}"
  INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
