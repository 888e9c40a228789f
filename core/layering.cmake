# cmake -DROOT=core -P layering.cmake
# Fails where a file of the core includes something from a floor above its own, where another file than simd.hpp includes
# xsimd, and where any includes an Emscripten header. The floors, from the ground up; a file's floor is the first that
# its path matches. Kernels stand below the thread pool, so that none can start threads of its own.
set(FLOORS
  "(shape|error|random|functions)\\.[ch]pp$"
  "(simd\\.hpp|instruction_set\\.[ch]pp|kernels/[a-z0-9_]+\\.[ch]pp)$"
  "(thread_pool|scratch)\\.[ch]pp$|(pieces|panels|rows|strided)\\.hpp$"
  "(ops|ops_backward|loss|attention|attention_shapes|fused_attention|conv1d|gru|matmul)\\.[ch]pp$"
  "(tensor|autograd|probe)\\.[ch]pp$"
  "(functional|losses)\\.[ch]pp$"
  "nn\\.[ch]pp$"
  "(optim|models)\\.[ch]pp$"
  "checkpoint\\.[ch]pp$"
  "attn\\.hpp$")

function(floor_of path out)
  set(at 0)
  # Such a folder stands on one floor, whatever its files are called.
  string(REGEX REPLACE "(functional|nn|optim|models|checkpoint)/[a-z0-9_]+" "\\1" path "${path}")
  foreach(pattern IN LISTS FLOORS)
    if(path MATCHES "${pattern}")
      set(${out} ${at} PARENT_SCOPE)
      return()
    endif()
    math(EXPR at "${at} + 1")
  endforeach()
  message(FATAL_ERROR "${path} stands on no floor: name it in core/layering.cmake")
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*.hpp ${ROOT}/src/*.hpp ${ROOT}/src/*.cpp
  ${ROOT}/models/*.hpp ${ROOT}/models/*.cpp)
set(failures "")
foreach(file IN LISTS files)
  floor_of(${file} floor)
  file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE ".*include[ \t]*[<\"]([^>\"]*)[>\"].*" "\\1" target "${include}")
    if(target MATCHES "emscripten")
      string(APPEND failures "  ${file} includes ${target}: the core knows no Emscripten\n")
    elseif(target MATCHES "xsimd|simd128" AND NOT file STREQUAL "src/simd.hpp")
      string(APPEND failures "  ${file} includes ${target}: simd.hpp alone may\n")
    elseif(include MATCHES "\"")
      # A name alone is a neighbour's, with its own folder before it.
      if(NOT target MATCHES "/")
        get_filename_component(folder ${file} DIRECTORY)
        set(target ${folder}/${target})
      endif()
      floor_of(${target} target_floor)
      if(target_floor GREATER floor)
        string(APPEND failures "  ${file} (floor ${floor}) includes ${target} (floor ${target_floor})\n")
      endif()
    endif()
  endforeach()
endforeach()
if(failures)
  message(FATAL_ERROR "An arrow points up:\n${failures}")
endif()
