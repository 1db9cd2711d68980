-- A constraint is named after the problem that it prevents; of two in one table that prevent the same, the second says of whom.
alter table sales_record rename constraint seller_in_use to partner_in_use__seller;
alter table sales_record rename constraint customer_region_in_use to region_in_use__customer;
