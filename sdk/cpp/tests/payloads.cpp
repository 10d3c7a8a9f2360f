// Compiles with -DGOOD; with every other case's name it must not. CMakeLists.txt tries each.

#include <fanfare/broadcaster.hpp>

namespace {

using fanfare::object;
using fanfare::events::agent_status;
using fanfare::events::workflow_status;

#if defined(GOOD)
#define PROGRESS .workflow_id = "w1", .project_id = "p1", .progress = 50
#define STATUS .agent_id = "a1", .status = agent_status::busy
#define CLOSED .project_id = "p1", .number = 7, .merged = true
#define UPDATED .project_id = "p1", .changes = object{{"name", "Apollo"}}, .name = "Apollo"
#elif defined(MISSING_FIELD)
#define PROGRESS .workflow_id = "w1", .project_id = "p1"
#elif defined(EMPTY_EVENT)
#define PROGRESS
#elif defined(NUMBER_FOR_TEXT)
#define PROGRESS .workflow_id = 1, .project_id = "p1", .progress = 50
#elif defined(TEXT_FOR_NUMBER)
#define PROGRESS .workflow_id = "w1", .project_id = "p1", .progress = "50"
#elif defined(FRACTION_FOR_INTEGER)
#define CLOSED .project_id = "p1", .number = 7.5, .merged = true
#elif defined(TEXT_FOR_BOOLEAN)
#define CLOSED .project_id = "p1", .number = 7, .merged = "true"
#elif defined(NULL_FOR_TEXT)
#define CLOSED .project_id = nullptr, .number = 7, .merged = true
#elif defined(LIST_FOR_OBJECT)
#define UPDATED .project_id = "p1", .changes = fanfare::array{"name"}
#elif defined(TEXT_FOR_ENUM)
#define STATUS .agent_id = "a1", .status = "busy"
#elif defined(UNKNOWN_ENUM)
#define STATUS .agent_id = "a1", .status = agent_status::sleeping
#elif defined(OTHER_ENUM)
#define STATUS .agent_id = "a1", .status = workflow_status::running
#elif defined(UNKNOWN_FIELD)
#define PROGRESS .workflow_id = "w1", .project_id = "p1", .progress = 50, .colour = "red"
#elif defined(OPTIONAL_OF_WRONG_TYPE)
#define PROGRESS .workflow_id = "w1", .project_id = "p1", .progress = 50, .step_index = "third"
#endif

#if !defined(PROGRESS)
#define PROGRESS .workflow_id = "w1", .project_id = "p1", .progress = 50
#endif
#if !defined(STATUS)
#define STATUS .agent_id = "a1", .status = agent_status::busy
#endif
#if !defined(CLOSED)
#define CLOSED .project_id = "p1", .number = 7, .merged = true
#endif
#if !defined(UPDATED)
#define UPDATED .project_id = "p1", .changes = object{{"name", "Apollo"}}
#endif

[[maybe_unused]] void publish(fanfare::broadcaster& out) {
  static_cast<void>(out.broadcast_workflow_progress({PROGRESS}));
  static_cast<void>(out.broadcast_agent_status_changed({STATUS}));
  static_cast<void>(out.broadcast_pr_closed({CLOSED}, {.rooms = {"global"}, .id = "e1"}));
  static_cast<void>(out.broadcast_project_updated({UPDATED}));
#if defined(OTHER_EVENT)
  static_cast<void>(out.broadcast_pr_created(fanfare::events::pr_closed{CLOSED}));
#elif defined(UNKNOWN_EVENT)
  static_cast<void>(out.broadcast_pr_merged({CLOSED}));
#endif
}

}  // namespace
