export interface Database {
  query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
}
