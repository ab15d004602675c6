// The page's entry: routes, and who is logged in.
import { Route, Router } from "@solidjs/router";
import { render } from "solid-js/web";
import { Shell } from "./components/shell";
import { ApplicationPage } from "./pages/application";
import { ApplicationsPage } from "./pages/applications";
import { LoginPage } from "./pages/login";
import "./style.css";

const root = document.getElementById("root");
if (root) {
  render(
    () => (
      <Router>
        <Route path="/login" component={LoginPage} />
        <Route path="/" component={Shell}>
          <Route path="/" component={ApplicationsPage} />
          <Route path="/applications" component={ApplicationsPage} />
          <Route path="/applications/:namespace/:name" component={ApplicationPage} />
        </Route>
      </Router>
    ),
    root,
  );
}
