import { testDocTypes } from "./support/doc-programs.ts";

testDocTypes();
