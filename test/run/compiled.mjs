import { register } from "node:module";

process.setSourceMapsEnabled(true);
register("./compiled-hooks.mjs", import.meta.url, { data: process.env.SF_COMPILED });
