# The dashboard: web/ built by Vite, and what comes of it made one source of floor api, so that the program serves it with no
# file beside it and no network. Only the server needs Node.js for this; the library does not.
option(FANFARE_DASHBOARD "Build the dashboard into the server; needs Node.js 18 or later and the npm packages of web/" ON)
set(fanfare_dashboard_folder ${PROJECT_BINARY_DIR}/web)
set(fanfare_dashboard_source ${fanfare_dashboard_folder}/dashboard_files.cpp)

if(FANFARE_DASHBOARD)
  find_program(FANFARE_NODE node)
  set(fanfare_vite ${PROJECT_SOURCE_DIR}/web/node_modules/vite/bin/vite.js)
  set(fanfare_tsc ${PROJECT_SOURCE_DIR}/web/node_modules/typescript/bin/tsc)
  if(NOT FANFARE_NODE OR NOT EXISTS ${fanfare_vite} OR NOT EXISTS ${fanfare_tsc})
    message(FATAL_ERROR "The dashboard cannot be built: it takes Node.js 18 or later and the npm packages of web/. "
      "`./dev build` installs both; by hand: (cd web && npm ci). Without a dashboard: -DFANFARE_DASHBOARD=OFF.")
  endif()
  file(GLOB_RECURSE fanfare_dashboard_inputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*)
  add_custom_command(OUTPUT ${fanfare_dashboard_source}
    COMMAND ${FANFARE_NODE} ${fanfare_tsc}
    COMMAND ${FANFARE_NODE} ${fanfare_vite} build --outDir ${fanfare_dashboard_folder}/files --emptyOutDir --logLevel warn
    COMMAND ${FANFARE_NODE} embed.mjs ${fanfare_dashboard_folder}/files ${fanfare_dashboard_source}
    DEPENDS ${fanfare_dashboard_inputs} ${PROJECT_SOURCE_DIR}/web/index.html ${PROJECT_SOURCE_DIR}/web/vite.config.js
      ${PROJECT_SOURCE_DIR}/web/tsconfig.json ${PROJECT_SOURCE_DIR}/web/package-lock.json ${PROJECT_SOURCE_DIR}/web/embed.mjs
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web
    COMMENT "Building the dashboard"
    VERBATIM)
else()
  file(CONFIGURE OUTPUT ${fanfare_dashboard_source} CONTENT [[#include "api/dashboard/dashboard_files.hpp"

namespace fanfare::api {

std::span<const dashboard_file> dashboard_files() noexcept { return {}; }

}  // namespace fanfare::api
]] @ONLY)
endif()
target_sources(fanfare_api PRIVATE ${fanfare_dashboard_source})
