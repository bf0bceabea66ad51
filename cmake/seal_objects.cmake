# Run by cmake -P (FoldperfSealedLibrary.cmake): links OBJECTS and ARCHIVE into one object OUTPUT, whose symbols are its
# own but those that fit KEEP.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${errors}")
  endif()
endfunction()

# Groups (of templates and inline functions) are dissolved: the program's link must not take another's in their place.
run("${COMPILER}" -r -nostdlib -Wl,--force-group-allocation -o "${OUTPUT}.linked" ${OBJECTS} "${ARCHIVE}")

# "Unique" symbols are the one kind that stays global: they are the process' own whoever has them. They get other names.
execute_process(COMMAND "${NM}" --defined-only "${OUTPUT}.linked" OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${OUTPUT}.linked")
endif()
string(REGEX MATCHALL "[^\n]* u [^\n]+" unique "${symbols}")
list(TRANSFORM unique REPLACE "^.* u " "")
list(TRANSFORM unique REPLACE "(.+)" "\\1 ${PREFIX}\\1")
list(JOIN unique "\n" renamed)
file(WRITE "${OUTPUT}.renamed" "${renamed}\n")

run("${OBJCOPY}" --wildcard "--keep-global-symbol=${KEEP}" "--redefine-syms=${OUTPUT}.renamed"
    "${OUTPUT}.linked" "${OUTPUT}")
file(REMOVE "${OUTPUT}.linked" "${OUTPUT}.renamed")
