const video = document.querySelector("video");
const lanes = [...document.querySelectorAll(".lane svg")];
const needles = document.querySelectorAll(".needle");
const start = Number(video.dataset.start);
const length = Number(video.dataset.length);

const seek = (seconds) => {
  if (video.readyState) video.currentTime = Math.max(0, Math.min(video.duration || Infinity, seconds));
};

const follow = () => {
  const x = 1000 * Math.max(0, Math.min(1, (video.currentTime - start) / length));
  for (const needle of needles) for (const end of ["x1", "x2"]) needle.setAttribute(end, x);
};

const missing = (none) => {
  video.hidden = none;
  document.querySelector("#choose").hidden = !none;
};

for (const lane of lanes) {
  lane.addEventListener("click", (event) => {
    const { left, width } = lane.getBoundingClientRect();
    seek(start + ((event.clientX - left) / width) * length);
  });
}
for (const button of document.querySelectorAll("button[data-s]")) {
  button.addEventListener("click", () => seek(Number(button.dataset.s)));
}
for (const name of ["timeupdate", "seeking", "loadedmetadata"]) video.addEventListener(name, follow);
video.addEventListener("error", () => missing(true));
document.querySelector("#choose input").addEventListener("change", ({ target }) => {
  missing(false);
  video.src = URL.createObjectURL(target.files[0]);
});
missing(!video.getAttribute("src") || Boolean(video.error));
