#pragma once

// All of libfanfare: a Socket.IO server, and the HTTP, WebSocket and Engine.IO servers below it.

#include <fanfare/base/json.hpp>
#include <fanfare/engineio/server.hpp>
#include <fanfare/http/server.hpp>
#include <fanfare/socketio/server.hpp>
#include <fanfare/websocket/connection.hpp>
