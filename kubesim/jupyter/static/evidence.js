// Links between the road and the terminal: choosing a station highlights lines of the last output about it, and a click
// on such a line chooses its station.

// Patterns of lines by the key of their station. The first match counts.
const EVIDENCE = [
  ["account", /^ *(serviceAccountName|Service Account):/],
  ["secret", /FailedToRetrieveImagePullSecret|Unable to retrieve some image pull secrets|dockerconfigjson|^kind: Secret/],
  ["spec", /imagePullSecrets|^Image Pull Secrets:/],
  ["registry", /failed to (resolve|authorize|fetch|copy)|pull access denied|unexpected status|no basic auth|\b(401|403|404|429|50\d) [A-Z]|: not found$/],
  ["image", /Successfully pulled|already present|^ *(image|Image|imageID|Image ID): +\S/],
  ["kubelet", /\b(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName)\b|Pulling image|Back-off pulling/],
  ["kubectl", /^pod\/\S+ created|\bScheduled\b/],
];
const stationOfLine = (text) => EVIDENCE.find(([, pattern]) => pattern.test(text))?.[0] ?? "";

// Connects a road with the terminal's `screen`, both ways.
function linkEvidence(road, screen) {
  const lines = () => [...([...screen.querySelectorAll(".output")].at(-1)?.querySelectorAll(".ks-line") ?? [])];
  const unlight = () => screen.querySelectorAll(".ks-lit").forEach((line) => line.classList.remove("ks-lit"));
  const light = (key) => {
    unlight();
    const about = lines().filter((line) => stationOfLine(line.textContent.trimEnd()) === key);
    for (const line of about) line.classList.add("ks-lit");
    about.at(-1)?.scrollIntoView({ block: "nearest" });
    return about.length;
  };
  road.node.addEventListener("kubesim-station", ({ detail }) => road.showCount(light(detail)));
  screen.addEventListener("click", ({ target }) => {
    const line = target.closest(".output .ks-line");
    const key = line && getSelection().isCollapsed ? stationOfLine(line.textContent.trimEnd()) : "";
    if (key) road.choose(key);
  });
}
