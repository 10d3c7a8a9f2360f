# What `cmake --install` lays down: the library's floors, its public headers and the package that find_package(fanfare)
# finds; the program too when it is built. Nothing is installed from a project that took us in by add_subdirectory,
# unless it says so.
option(FANFARE_INSTALL "Make the install rules" ${PROJECT_IS_TOP_LEVEL})
if(NOT FANFARE_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)
set(fanfare_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fanfare)

install(TARGETS fanfare fanfare_base fanfare_net fanfare_http fanfare_websocket fanfare_engineio fanfare_socketio
    fanfare_broadcaster
  EXPORT fanfareTargets COMPONENT library)
install(EXPORT fanfareTargets NAMESPACE fanfare:: DESTINATION ${fanfare_package_dir} COMPONENT library)

# The library's headers alone: those of floors 6 and up would need targets that are not installed.
install(FILES include/fanfare/fanfare.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fanfare COMPONENT library)
install(DIRECTORY include/fanfare/base include/fanfare/net include/fanfare/http include/fanfare/websocket include/fanfare/engineio
    include/fanfare/socketio
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fanfare COMPONENT library FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY sdk/cpp/include/fanfare DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
  FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(cmake/fanfareConfig.cmake.in ${PROJECT_BINARY_DIR}/fanfareConfig.cmake
  INSTALL_DESTINATION ${fanfare_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fanfareConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/fanfareConfig.cmake ${PROJECT_BINARY_DIR}/fanfareConfigVersion.cmake
  DESTINATION ${fanfare_package_dir} COMPONENT library)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)

# The program's target is not called `fanfare` (the library's is); its file is.
if(TARGET fanfare_program)
  install(TARGETS fanfare_program RUNTIME COMPONENT program)
  install(FILES packaging/man/fanfare.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT manual)
  install(FILES packaging/man/fanfare.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT manual)
  install(FILES packaging/completions/fanfare.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME fanfare COMPONENT manual)
  install(FILES packaging/completions/_fanfare DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT manual)
  install(FILES packaging/completions/fanfare.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT manual)
endif()
