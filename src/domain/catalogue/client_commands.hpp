#pragma once

// The commands a client sends, as every description of the protocol lists them.

#include <array>
#include <string_view>

namespace fanfare::domain {

struct client_command {
  std::string_view name;
  std::string_view summary;
  std::string_view request;      // TypeScript type of its one argument
  std::string_view reply;        // TypeScript type of the ack when it went well
  std::string_view reply_event;  // sent when there is no ack; "": none
};

inline constexpr std::array client_commands{
    client_command{"subscribe",
                   "Joins rooms; with `since`, what was missed comes first; with `last`, the newest so many.",
                   "SubscribeRequest", "SubscribeReply", "subscribed"},
    client_command{"unsubscribe", "Leaves rooms.", "RoomRequest", "UnsubscribeReply", "unsubscribed"},
    client_command{"ping", "Asks for the server's clock; what it carries comes back.", "Record<string, unknown>",
                   "PingReply", "pong"},
    client_command{"auth.refresh", "Replaces the token by a newer one of the same subject.", "RefreshRequest",
                   "RefreshReply", ""},
    client_command{"presence", "Lists who is in a room.", "PresenceRequest", "PresenceReply", ""},
    client_command{"publish", "Publishes an event; what an agent says of itself where the policy lets it.",
                   "PublishRequest", "PublishReply", ""},
};

}  // namespace fanfare::domain
