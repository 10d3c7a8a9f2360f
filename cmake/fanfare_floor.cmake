# One static library a floor, made of src/<floor>/**.cpp. A floor links only floors below it; tools/tidy.py holds
# the includes to the same rule.
function(fanfare_floor name)
  cmake_parse_arguments(FLOOR "OBJECTS" "" "DEPENDS" ${ARGN})
  set(target fanfare_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  # OBJECTS: whoever links it takes all of it, so an archive would be a second copy and nothing else.
  if(FLOOR_OBJECTS)
    add_library(${target} OBJECT ${sources})
  else()
    add_library(${target} STATIC ${sources})
  endif()
  add_library(fanfare::${name} ALIAS ${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${FLOOR_DEPENDS})
  fanfare_warnings(${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endfunction()

# Sources of deep templates that no event passes through: optimizing them in a debug build takes a minute each, and their
# line numbers, which would be those of Boost, are a fifth of the programs.
function(fanfare_compile_fast)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Debug>:-O0> $<$<CONFIG:Debug>:-g0>)
endfunction()

function(fanfare_warnings target)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor
      -Wno-missing-field-initializers -Werror
      # Once GCC 12 inlines, it sees overlapping copies in std::string's assign (its bug 105651) and uninitialized
      # alternatives in std::variant (its bug 105562).
      "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-restrict;-Wno-maybe-uninitialized>")
  endif()
endfunction()
