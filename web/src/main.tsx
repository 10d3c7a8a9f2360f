import { render } from "preact";
import "@picocss/pico/css/pico.min.css";
import "./style.css";
import { App } from "./app.js";
import { greet } from "./session.js";
import "./live.js";

render(<App />, document.getElementById("app")!);
void greet();
