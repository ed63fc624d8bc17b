/** A part of the suite that every exchange passes. */
import type { Played } from "./all-wires.js";
import type { Scene, SceneOptions } from "./scene.js";

export interface Stage extends Played {
  readonly open: (options?: SceneOptions) => Promise<Scene>;
}

export type Theme = (test: (name: string, run: () => Promise<void>) => void, stage: Stage) => void;
