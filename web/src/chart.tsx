import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "./theme.js";
import { useStore } from "./store.js";

export interface Line {
  label: string;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  /** Said to those who do not see the drawing, and beside the title. */
  now: string;
  times: readonly number[];
  lines: readonly Line[];
  format: (number: number) => string;
  /** The steps that the axis may take, where those of ten would be odd. */
  steps?: number[];
  /** Whether the lines' names are shown: where there are several, or always. */
  named?: boolean;
}

const height = 150;

function colours(): string[] {
  const style = getComputedStyle(document.documentElement);
  return [1, 2, 3, 4, 5, 6].map((number) => style.getPropertyValue(`--line-${number}`).trim());
}

/** While nobody points at a moment, the legend tells of the newest. */
function rest(plot: uPlot | undefined): void {
  const last = (plot?.data[0]?.length ?? 0) - 1;
  if (plot && last >= 0 && (plot.cursor.left ?? -1) < 0) plot.setLegend({ idx: last });
}

/** Without those that say what the one before says: whole numbers on fractions of them. */
function distinct(texts: string[]): string[] {
  return texts.map((text, at) => (text === texts[at - 1] ? "" : text));
}

function options(width: number, labels: readonly string[], named: boolean, format: Props["format"], steps: number[] | undefined): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--pico-muted-color").trim();
  const grid = { stroke: style.getPropertyValue("--hair").trim(), width: 1 };
  const paints = colours();
  return {
    width, height,
    padding: [8, 8, 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { show: named, live: true },
    scales: { y: { range: (_, _min, max) => [0, max > 0 ? max * 1.15 : 1] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, size: 24, font: "11px system-ui", values: (_, at) =>
        at.map((each) => new Date(each * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })), space: 90 },
      { stroke: ink, grid, ticks: { show: false }, size: 62, font: "11px system-ui", values: (_, at) => distinct(at.map(format)), space: 34, ...(steps ? { incrs: steps } : {}) },
    ],
    series: [
      { value: (_, at) => (at === null ? "" : new Date(at * 1000).toLocaleTimeString("en-GB")) },
      ...labels.map((label, at): uPlot.Series => ({
        label, width: 1.75, stroke: paints[at % paints.length]!, points: { show: false },
        ...(!named ? { fill: `${paints[0]}22` } : {}),
        value: (_, amount) => (amount === null || amount === undefined ? "–" : format(amount)),
      })),
    ],
  };
}

/** Lines over the last minutes. */
export function Chart({ title, now, times, lines, format, steps, named = lines.length > 1 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<uPlot>();
  const paint = useStore(theme);
  const names = lines.map((line) => line.label).join("\n");
  const data = [times as number[], ...lines.map((line) => line.values as (number | null)[])] as uPlot.AlignedData;
  useEffect(() => {
    const box = place.current!;
    const plot = new uPlot(options(box.clientWidth || 300, names.split("\n"), named, format, steps), data, box);
    drawing.current = plot;
    const sizes = new ResizeObserver(() => {
      if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height });
      rest(plot);
    });
    sizes.observe(box);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [names, paint, format, named, steps]);
  useEffect(() => {
    drawing.current?.setData(data);
    rest(drawing.current);
  });
  return (
    <figure class="card chart">
      <figcaption><span>{title}</span><strong>{now}</strong></figcaption>
      <div ref={place} role="img" aria-label={`${title}, over the last minutes; now ${now}`} />
    </figure>
  );
}
