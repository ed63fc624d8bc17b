/** What is not seen, or moves what is seen: controls of both kinds, directions, zero width, line and paragraph separators. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
