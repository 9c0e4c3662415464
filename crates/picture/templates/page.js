(() => {
  "use strict";
  const picture = document.querySelector(".picture > svg");
  const all = (selector) => [...document.querySelectorAll(selector)];
  const vpcs = all(".picture .v");
  const lines = all(".picture .p");
  const named = all(".picture [data-v]");
  const rows = all("tr[data-e]");
  const vpcRows = all("tr.vpc");
  const found = document.getElementById("found");
  const search = document.getElementById("search");
  const chosen = document.getElementById("chosen");
  const caption = document.getElementById("caption");
  const title = (element) => element.querySelector("title").textContent;
  const ends = (line) => line.dataset.e.split(" ").map(Number);
  const texts = vpcs.map((vpc) => title(vpc).toLowerCase());
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  // One VPC is a stop of the tab key; arrows go around the ring.
  let stop = 0;
  const moveTo = (place) => {
    vpcs[stop].setAttribute("tabindex", "-1");
    stop = (place + vpcs.length) % vpcs.length;
    vpcs[stop].setAttribute("tabindex", "0");
    vpcs[stop].focus();
  };
  vpcs.forEach((vpc, place) => {
    vpc.setAttribute("role", "button");
    vpc.setAttribute("aria-pressed", "false");
    vpc.setAttribute("aria-label", title(vpc).replaceAll("\n", ", "));
    vpc.setAttribute("tabindex", place === 0 ? "0" : "-1");
  });

  const mark = (nodes, isOn) => {
    vpcs.forEach((vpc, place) => vpc.classList.toggle("on", nodes.has(place)));
    named.forEach((label) => label.classList.toggle("on", nodes.has(Number(label.dataset.v)) && label.dataset.v !== ""));
    lines.forEach((line) => line.classList.toggle("on", isOn(line)));
    picture.classList.toggle("some-chosen", nodes.size > 0);
  };
  const clear = () => {
    mark(new Set(), () => false);
    vpcs.forEach((vpc) => {
      vpc.classList.remove("chosen");
      vpc.setAttribute("aria-pressed", "false");
    });
    chosen.hidden = true;
    found.textContent = "";
  };
  const show = (heading, paragraphs, items) => {
    const list = document.createElement("ul");
    list.append(...items.map((item) => element("li", item)));
    const button = element("button", "Show all");
    button.type = "button";
    button.addEventListener("click", () => {
      clear();
      moveTo(stop);
    });
    chosen.replaceChildren(element("h2", heading), ...paragraphs.map((text) => element("p", text)), list, button);
    chosen.hidden = false;
    found.textContent = `Only ${heading} is shown`;
  };
  const choose = (place) => {
    const wasChosen = vpcs[place].classList.contains("chosen");
    clear();
    if (wasChosen) return;
    const own = lines.filter((line) => ends(line).includes(place));
    mark(new Set([place, ...own.flatMap(ends)]), (line) => own.includes(line));
    vpcs[stop].setAttribute("tabindex", "-1");
    stop = place;
    vpcs[stop].setAttribute("tabindex", "0");
    vpcs[place].classList.add("chosen");
    vpcs[place].setAttribute("aria-pressed", "true");
    const [name, ...more] = title(vpcs[place]).split("\n");
    show(name, more, own.map(title).reverse());
  };
  const choosePair = (line) => {
    clear();
    mark(new Set(ends(line)), (other) => other === line);
    show(title(line), ends(line).map((place) => title(vpcs[place]).replaceAll("\n", " · ")), []);
  };

  // A search matches parts of what is known about a VPC; a whole IPv4 address matches the blocks that contain it.
  const number = (address) => {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
    if (!parts || parts.slice(1).some((part) => part > 255)) return null;
    return parts.slice(1).reduce((sum, part) => sum * 256 + Number(part), 0);
  };
  const contains = (block, address) => {
    const [start, length] = block.split("/");
    const first = number(start);
    if (first === null || length === undefined) return false;
    const size = 2 ** (32 - Number(length));
    return Math.floor(first / size) === Math.floor(address / size);
  };
  const find = () => {
    const query = search.value.trim().toLowerCase();
    const address = number(query);
    const isHit = texts.map(
      (text) => text.includes(query) || (address !== null && text.split(/\s/).some((word) => contains(word, address))),
    );
    const isHidden = (line) => !ends(line).some((place) => isHit[place]);
    vpcs.forEach((vpc, place) => vpc.classList.toggle("dim", !isHit[place]));
    vpcRows.forEach((row, place) => row.classList.toggle("off", !isHit[place]));
    named.forEach((label) => label.classList.toggle("dim", label.dataset.v !== "" && !isHit[label.dataset.v]));
    picture.classList.toggle("searching", query !== "");
    [...lines, ...rows].forEach((line) => line.classList.toggle("off", isHidden(line)));
    all("li[data-p]").forEach((item) => item.classList.toggle("off", isHidden(lines[item.dataset.p])));
    const hits = isHit.filter(Boolean).length;
    found.textContent = query === "" ? "" : hits === 1 ? "1 VPC found" : `${hits} VPCs found`;
  };

  picture.addEventListener("click", (event) => {
    const vpc = event.target.closest(".v");
    const label = event.target.closest(".label[data-v]");
    const line = event.target.closest(".p");
    if (vpc) choose(vpcs.indexOf(vpc));
    else if (label) choose(Number(label.dataset.v));
    else if (line) choosePair(line);
    else clear();
  });
  picture.addEventListener("keydown", (event) => {
    const place = vpcs.indexOf(event.target);
    if (place < 0) return;
    const moves = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: -1 };
    if (event.key in moves) moveTo(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") choose(place);
    else return;
    event.preventDefault();
  });
  const point = (event) => {
    const vpc = event.target.closest(".v");
    const label = event.target.closest(".label[data-v]");
    const line = event.target.closest(".p");
    const place = vpc ? vpcs.indexOf(vpc) : label ? Number(label.dataset.v) : -1;
    lines.forEach((other) => other.classList.toggle("hot", place >= 0 && ends(other).includes(place)));
    caption.textContent = place >= 0 ? title(vpcs[place]).replaceAll("\n", " · ") : line ? title(line) : "";
  };
  picture.addEventListener("pointerover", point);
  // Not on the picture: an SVG element that listens to these is a stop of the tab key itself.
  picture.parentElement.addEventListener("focusin", point);
  picture.parentElement.addEventListener("focusout", () => {
    caption.textContent = "";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target !== search) clear();
    if (event.key === "/" && event.target !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  search.addEventListener("input", find);
  all("li[data-p] .pair").forEach((pair) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...pair.childNodes);
    button.addEventListener("click", () => choosePair(lines[pair.parentElement.dataset.p]));
    pair.append(button);
  });
  document.getElementById("tools").hidden = false;
})();
