# cmake -DNM=nm -DOBJECTS=a.o|b.o -P shared_code.cmake
# Fails where a kernel's object holds code that the linker may take for another's: an inline function without the
# instruction set in its name exists once in a program, and the copy that wins may be one that only a newer processor can
# run. Optimised builds inline all of these away.
string(REPLACE "|" ";" objects "${OBJECTS}")
set(failures "")
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${symbols}")
  foreach(line IN LISTS lines)
    if(line MATCHES " [WVu] (.*)$" AND NOT CMAKE_MATCH_1 MATCHES "xsimd|^DW\\.ref\\.")
      string(APPEND failures "  ${object}: ${CMAKE_MATCH_1}\n")
    endif()
  endforeach()
endforeach()
if(failures)
  message(FATAL_ERROR "Code that instruction sets share:\n${failures}")
endif()
