/** Characters that are invisible, or that change how others are shown: controls, directions, zero width, line and paragraph separators. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
